"""Two sound cards have two clocks: one gives a few samples a minute more than the other takes.

The queues would grow, or run dry, within minutes. Where the whole delay, by the clocks of both, leaves its first value
for good, the input is stretched by some millionths, so little that nobody hears it, until it is there again: a slow PI
controller. Devices that share a clock are never touched.
"""

from __future__ import annotations

WINDOW_S = 1.0  # over which the delay is averaged
LOOK_S = 0.1
SMOOTH = 0.2  # of each window's mean in the running one
FIRST_WINDOWS = 8  # after which the running mean is what it should stay
LEAST_S = 0.004  # of change, before anything is done
MOST_PPM = 500.0
SETTLING_S = 40.0  # time constant of the control
PATIENCE_S = 0.005  # so much longer may it be after the queue has run dry: it was too short


class DriftControl:
    """`look` often, on the live thread. `ppm`: by how much the input has to be shortened; below 0: lengthened."""

    def __init__(self, ppm: float = 0.0) -> None:
        self._looked = -LOOK_S
        self._sum, self._count = 0.0, 0
        self._began: float | None = None
        self._windows = 0
        self._mean = self._wanted = 0.0
        self._underruns = 0
        self._kept = self.ppm = ppm  # what goes on where nothing is wrong
        self._active = ppm != 0.0

    def due(self, now: float) -> bool:
        """Whether it is time to look."""
        return now - self._looked >= LOOK_S

    def look(self, now: float, delay_s: float, underruns: int) -> bool:
        """The delay now, and how often the loudspeaker ran dry so far. True where `ppm` has changed."""
        self._looked = now
        if self._began is None:
            self._began, self._underruns = now, underruns
        self._sum += delay_s
        self._count += 1
        if now - self._began < WINDOW_S:
            return False
        passed, self._began = now - self._began, now
        mean, self._sum, self._count = self._sum / self._count, 0.0, 0
        self._windows += 1
        if self._windows <= FIRST_WINDOWS:
            self._mean += (mean - self._mean) / self._windows
            self._wanted = self._mean
            self._underruns = underruns
            return False
        self._mean += SMOOTH * (mean - self._mean)
        if underruns > self._underruns:
            self._underruns = underruns
            self._wanted += PATIENCE_S
        return self._control(self._mean - self._wanted, passed)

    def _control(self, error_s: float, passed_s: float) -> bool:
        if not self._active and abs(error_s) < LEAST_S:
            return False
        self._active = True
        kept = self._kept + 1e6 * error_s * passed_s / (4 * SETTLING_S**2)
        ppm = kept + 1e6 * error_s / SETTLING_S
        if abs(ppm) <= MOST_PPM:
            self._kept = kept  # at the limit it must not run away
        self.ppm = max(-MOST_PPM, min(MOST_PPM, ppm))
        return True
