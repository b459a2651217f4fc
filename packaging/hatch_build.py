"""For each wheel: `resources/` as `speefeare_core/_resources`, and the compiled loops where there is a compiler.

An editable install reads the checkout's own resources, and its library lies beside its source.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
import native


class ResourcesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling for each wheel. `version` is "standard" or "editable"."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            self._say(native.build(native.FOLDER / native.NAME))
            return
        build_data["force_include"]["resources"] = "speefeare_core/_resources"
        self._folder = tempfile.TemporaryDirectory()  # kept until the wheel is written
        library = Path(self._folder.name) / native.NAME
        problem = native.build(library)
        self._say(problem)
        if not problem:
            build_data["force_include"][str(library)] = f"speefeare_core/native/{library.name}"
            build_data["pure_python"] = False
            build_data["infer_tag"] = False
            build_data["tag"] = f"py3-none-{_platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._folder.cleanup()

    def _say(self, problem: str) -> None:
        if problem:
            self.app.display_warning(f"The package works without its native loops: {problem}.")


def _platform() -> str:
    """Of this machine, as wheels name it."""
    from packaging.tags import sys_tags  # hatchling brings it

    return next(
        tag.platform for tag in sys_tags() if "manylinux" not in tag.platform and "musllinux" not in tag.platform
    )
