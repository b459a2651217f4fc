"""The parts that may be installed or missing, and the line that installs each."""

from __future__ import annotations

import ctypes
import platform
import shlex
import sys
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

PACKAGES = (  # distributions whose versions the doctor shows
    "torch", "numpy", "scipy", "safetensors", "soundfile", "soxr", "pyyaml", "sounddevice",
    "PySide6-Essentials",
)  # fmt: skip


@dataclass(frozen=True)
class Missing:
    """A part that is not here. `install` is the line that brings it; `needed` says that the basics lack it."""

    part: str
    purpose: str
    install: str
    needed: bool = False


@dataclass(frozen=True)
class _Optional:
    module: str
    distribution: str
    purpose: str


_OPTIONAL = (
    _Optional("ai_edge_litert", "ai-edge-litert", "the codec family Lyra v2"),
    _Optional("av", "av", "Opus as a codec to compare with"),
    _Optional("pesq", "pesq", "the metric PESQ"),
    _Optional("pystoi", "pystoi", "the metric STOI"),
    _Optional("visqol", "visqol-python[lattice]", "the metric ViSQOL"),
    _Optional("speechmos", "speechmos", "the metric DNSMOS"),
    _Optional("accelerate", "accelerate", "training on several devices, and in half precision"),
    _Optional("tensorboard", "tensorboard", "event files of training runs for TensorBoard"),
    _Optional("submitit", "submitit", "training runs on SLURM"),
    _Optional("ray", "ray[default]", "training runs on a Ray cluster"),
)
_LIBRARIES = (  # shared object, Debian package, purpose
    ("libportaudio.so.2", "libportaudio2", "playing and recording"),
    ("libEGL.so.1", "libegl1", "the window (Qt)"),
    ("libfontconfig.so.1", "libfontconfig1", "the window (Qt)"),
    ("libxkbcommon.so.0", "libxkbcommon0", "the window (Qt)"),
    ("libdbus-1.so.3", "libdbus-1-3", "the window (Qt)"),
    ("libxcb-cursor.so.0", "libxcb-cursor0", "the window on an X11 display"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "the window on an X11 display"),
)
_BASIC = {"libportaudio.so.2", "libEGL.so.1", "libfontconfig.so.1", "libxkbcommon.so.0", "libdbus-1.so.3"}


def versions() -> dict[str, str]:
    """Distribution → version, "missing" where it is not installed."""
    return {name: _version(name) for name in PACKAGES}


def missing_packages() -> list[Missing]:
    """Python packages that are not installed: the needed ones and those of the extras."""
    lacking = [name for name, version in versions().items() if version == "missing"]
    optional = [row for row in _OPTIONAL if find_spec(row.module) is None]
    return [
        *(Missing(name, "needed", pip_line(name), needed=True) for name in lacking),
        *(Missing(row.distribution, row.purpose, pip_line(row.distribution)) for row in optional),
    ]


def missing_libraries() -> list[Missing]:
    """System libraries that do not load; only Linux leaves them to the person."""
    if platform.system() != "Linux":
        return []
    return [
        Missing(package, purpose, f"sudo apt-get install {package}", needed=name in _BASIC)
        for name, package, purpose in _LIBRARIES
        if not _loads(name)
    ]


def missing_native(folder: Path | None = None) -> list[Missing]:
    """The inner loops in C, which are compiled when the package is installed and a compiler is there."""
    folder = folder or Path(__file__).parents[1] / "native"
    if any((folder / f"kernels{suffix}").exists() for suffix in (".so", ".dylib", ".dll")):
        return []
    compiler = "sudo apt-get install gcc libc6-dev" if platform.system() == "Linux" else "install a C compiler"
    again = pip_line("--force-reinstall --no-deps speefeare-workbench")
    return [Missing("a C compiler", "faster live streams", f"{compiler}, then {again}")]


def pip_line(distribution: str) -> str:
    """The line that installs a Python package for the Python that runs now."""
    return f"{shlex.quote(sys.executable)} -m pip install {distribution}"


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "missing"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
