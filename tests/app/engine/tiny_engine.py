"""The engine's entry with the tiny test codec among the families: `python -m tests.app.engine.tiny_engine`."""

from __future__ import annotations

import sys

COMMAND = (sys.executable, "-m", "tests.app.engine.tiny_engine")

if __name__ == "__main__":
    from speefeare_core.codecs import FAMILIES
    from tests.core.tiny_codec import FAMILY
    from workbench.engine.server.__main__ import main

    FAMILIES[FAMILY.key] = FAMILY
    main(sys.argv[1:])
