"""`speefeare doctor`: what this computer has, whether it computes rightly, what is missing and the line for it."""

from __future__ import annotations

import argparse
import platform
from dataclasses import asdict
from typing import Any

from speefeare_core import __version__, resources
from speefeare_core.cli.console import Console, Result
from speefeare_core.diagnosis import child, compute, parts
from speefeare_core.errors import SpeefeareError


def add(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(args: argparse.Namespace, console: Console) -> Result:
    """Exit code 0 where everything needed works, 1 where not. A computer without a sound device is no failure."""
    console.progress(0.1, "Looking for parts")
    missing = parts.missing_packages() + parts.missing_libraries() + parts.missing_native()
    console.progress(0.3, "Testing what computes")
    devices = compute.check_devices()
    console.progress(0.7, "Asking for sound devices")
    sound, qt = child.ask_sound(), child.ask_qt()
    console.progress(0.9, "Looking for the shipped files")
    shipped = _shipped()
    problems = [device.problem for device in devices if device.problem]
    problems += [f"{row.part} is missing: {row.install}" for row in missing if row.needed]
    problems += [f"PortAudio does not work: {sound.problem}."] if sound.problem else []
    problems += [f"Qt does not work: {qt.problem}."] if qt.problem else []
    problems += [shipped["problem"]] if shipped["problem"] else []
    data = {
        "ok": not problems,
        "problems": problems,
        "versions": _versions(sound, qt),
        "devices": [asdict(device) for device in devices],
        "sound_devices": sound.data.get("devices", []),
        "shipped": shipped,
        "missing": [asdict(row) for row in missing],
    }
    return Result(data, _text(data), exit_code=0 if not problems else 1)


def _versions(sound: child.Answer, qt: child.Answer) -> dict[str, str]:
    return {
        "speefeare-workbench": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        **parts.versions(),
        "qt": qt.data.get("qt", "missing"),
        "portaudio": sound.data.get("portaudio", "missing"),
        "libsndfile": _libsndfile(),
    }


def _libsndfile() -> str:
    try:
        import soundfile
    except (ImportError, OSError):
        return "missing"
    return str(soundfile.__libsndfile_version__)


def _shipped() -> dict[str, Any]:
    try:
        default = resources.default_codec().parent.name
        return {"codecs": sorted(resources.shipped_codecs()), "default": default, "problem": ""}
    except (SpeefeareError, OSError, ValueError, KeyError) as error:
        return {"codecs": [], "default": "", "problem": f"The shipped codecs cannot be read: {error}"}


def _text(data: dict[str, Any]) -> str:
    shipped = data["shipped"]
    sections = {
        "Versions": [f"{name:20} {version}" for name, version in data["versions"].items()],
        "Computes": [_device_line(row) for row in data["devices"]],
        "Sound devices": [_sound_line(row) for row in data["sound_devices"]]
        or ["none; the workbench still shows and saves everything, and plays to its virtual device"],
        "Shipped codecs": [name + (" (default)" if name == shipped["default"] else "") for name in shipped["codecs"]],
        "Missing": [f"{row['part']} ({row['purpose']}): {row['install']}" for row in data["missing"]] or ["nothing"],
        "Not everything needed works:" if data["problems"] else "Everything needed works.": data["problems"],
    }
    return "\n".join(line for title, rows in sections.items() for line in (title, *(f"  {row}" for row in rows)))


def _device_line(row: dict[str, Any]) -> str:
    verdict = f"same as the CPU within {row['error']:.0e}" if row["ok"] else "FAILED, see below"
    return f"{row['name']:8} {row['title']}: {verdict}"


def _sound_line(row: dict[str, Any]) -> str:
    roles = [way for way in ("input", "output") if row[f"default_{way}"]]
    chosen = f", default {' and '.join(roles)}" if roles else ""
    channels = f"{row['inputs']} in, {row['outputs']} out, {row['rate_hz']:.0f} Hz"
    return f"{row['name']} ({row['host_api']}): {channels}{chosen}"
