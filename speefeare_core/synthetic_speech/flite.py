"""flite as a synthesiser with phone timings: its program, where the computer has it. English only."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from speefeare_core.audio import read
from speefeare_core.errors import SpeefeareError
from speefeare_core.synthetic_speech.aligned import AlignedSpeech, PhoneSpan
from speefeare_core.synthetic_speech.inventory import from_arpabet

INSTALL = "install flite (Debian: apt-get install flite)"
VOICES = ("slt", "rms", "awb", "kal16")
TIMEOUT_S = 60.0


def available() -> bool:
    """Whether this computer has the program."""
    return shutil.which("flite") is not None


def speak(text: str, voice: str = "slt", *, stretch: float = 1.0, pitch_hz: float | None = None) -> AlignedSpeech:
    """Speak a text; `stretch` above 1 is slower. Raises `SpeefeareError` where flite is missing or fails."""
    program = shutil.which("flite")
    if program is None:
        raise SpeefeareError(f"flite is not on this computer: {INSTALL}.")
    options = ["--setf", f"duration_stretch={stretch}"]
    if pitch_hz is not None:
        options += ["--setf", f"int_f0_target_mean={pitch_hz}"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        try:
            done = subprocess.run(
                [program, "-voice", voice, *options, "-psdur", "-t", text, "-o", str(path)],
                capture_output=True, text=True, timeout=TIMEOUT_S, check=True,
            )  # fmt: skip
        except (subprocess.SubprocessError, OSError) as error:
            raise SpeefeareError(f"flite cannot speak with the voice {voice}: {error}.") from error
        sound = read(path)
    spans, begin = [], 0.0
    length_s = sound.samples.shape[1] / sound.rate_hz
    for name, end in re.findall(r"(\w+):([\d.]+)", done.stdout):
        end_s = min(float(end), length_s)
        if end_s > begin:
            spans.append(PhoneSpan(from_arpabet(name), begin, end_s))
            begin = end_s
    return AlignedSpeech(sound.samples[0], sound.rate_hz, tuple(spans), f"flite/{voice}", "en", text)
