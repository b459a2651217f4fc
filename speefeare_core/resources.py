"""Where the shipped files are: beside the packages in a checkout, inside the package in an installed wheel."""

from __future__ import annotations

import json
from pathlib import Path

from speefeare_core.errors import SpeefeareError


def resource_dir() -> Path:
    """The folder that holds codecs/, samples/, themes/ …"""
    here = Path(__file__).resolve().parent
    for folder in (here / "_resources", here.parent / "resources"):
        if folder.is_dir():
            return folder
    raise SpeefeareError("The shipped resources are missing; install speefeare-workbench again.")


def resource(*parts: str) -> Path:
    """One shipped file or folder. Raises `SpeefeareError` where it is missing."""
    path = resource_dir().joinpath(*parts)
    if not path.exists():
        raise SpeefeareError(f"The shipped file {path} is missing; install speefeare-workbench again.")
    return path


def shipped_codecs() -> dict[str, Path]:
    """Name → weights file of every shipped codec."""
    found = sorted((resource_dir() / "codecs").glob("*/model.safetensors"))
    return {path.parent.name: path for path in found}


def default_codec() -> Path:
    """The weights file of the codec that opens when nothing else is asked for."""
    name = json.loads(resource("codecs", "index.json").read_text(encoding="utf-8"))["default"]
    return resource("codecs", name, "model.safetensors")
