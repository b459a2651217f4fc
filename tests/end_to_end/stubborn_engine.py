"""The engine on a sound card that takes few rates, whatever is behind it: `python -m tests.end_to_end.stubborn_engine`.

`STUBBORN_RATES` names them, as `44100,48000`; empty: none. PulseAudio itself takes every rate. Cards of this computer
are hidden, so that without PulseAudio there is none.
"""

from __future__ import annotations

import os
import sys
from typing import Any

COMMAND = (sys.executable, "-m", "tests.end_to_end.stubborn_engine")
RATES = "STUBBORN_RATES"


def make_stubborn(rates: set[int]) -> None:
    """PortAudio's own error, for all rates but these."""
    import sounddevice

    def stubborn(kind: type) -> type:
        class Stubborn(kind):  # type: ignore[misc, valid-type]
            def __init__(self, *given: Any, **options: Any) -> None:
                if options["samplerate"] not in rates:
                    raise sounddevice.PortAudioError("Error opening the stream: Invalid sample rate", -9997)
                super().__init__(*given, **options)

        return Stubborn

    every = sounddevice.query_devices

    def query_devices(*given: Any, **options: Any) -> Any:
        rows = every(*given, **options)
        return rows if isinstance(rows, dict) else sounddevice.DeviceList(r for r in rows if "(hw:" not in r["name"])

    sounddevice.query_devices = query_devices
    sounddevice.OutputStream = stubborn(sounddevice.OutputStream)
    sounddevice.InputStream = stubborn(sounddevice.InputStream)


if __name__ == "__main__":
    from speefeare_core.codecs import FAMILIES
    from tests.core.tiny_codec import FAMILY
    from workbench.engine.server.__main__ import main

    FAMILIES[FAMILY.key] = FAMILY
    make_stubborn({int(rate) for rate in os.environ[RATES].split(",") if rate})
    main(sys.argv[1:])
