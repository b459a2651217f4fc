"""Commands of `speefeare` that use the engine process, without a window and without Qt.

The core may not import the workbench, so it finds these rows through the entry points `speefeare.commands`.
"""

from speefeare_core.cli.table import Command

LIVE = Command("live", "speak, and hear it through a codec, without a window", "workbench.cli.live")
