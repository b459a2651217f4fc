"""The engine's entry with the tiny test codecs among the families: `python -m tests.app.engine.tiny_engine`."""

from __future__ import annotations

import sys

COMMAND = (sys.executable, "-m", "tests.app.engine.tiny_engine")

if __name__ == "__main__":
    from speefeare_core.codecs import FAMILIES
    from tests.core.tiny_codec import FAMILY
    from tests.core.tiny_kinds import KINDS
    from workbench.engine.server.__main__ import main

    FAMILIES.update({row.key: row for row in (FAMILY, *KINDS)})
    main(sys.argv[1:])
