"""Puts `resources/` into the wheel as `speefeare_core/_resources`; an editable install reads the checkout's own."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ResourcesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling for each wheel. `version` is "standard" or "editable"."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["resources"] = "speefeare_core/_resources"
