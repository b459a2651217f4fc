"""The built wheel works outside the checkout: its codec, sample and themes travel with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel, and borrows the third-party packages of this one."""

    wheel: Path
    bin: Path
    site: Path

    def run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment["OMP_NUM_THREADS"] = "1"
        return subprocess.run(
            [str(self.bin / words[0]), *words[1:]], cwd=cwd, env=environment, capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    call([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)])
    (wheel,) = folder.glob("*.whl")
    env = folder / "env"
    call([sys.executable, "-m", "venv", "--without-pip", str(env)])
    python = env / "bin" / "python"
    call([sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-index", "--no-deps", str(wheel)])
    (site,) = env.glob("lib/python*/site-packages")
    # Paths of a .pth file are searched last, and the .pth files in them are not read: the checkout stays out of sight.
    (site / "third_party.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(wheel, env / "bin", site)


def call(words: list[str]) -> None:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_wheel_holds_the_resources_and_nothing_else_of_the_checkout(installed: Installed) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "resources"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert tracked
    assert {name for name in tracked if f"speefeare_core/_{name}" not in names} == set()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"speefeare_core", "workbench"}


@pytest.mark.slow
def test_the_command_line_works_from_the_wheel(installed: Installed, tmp_path: Path) -> None:
    code = "import speefeare_core, workbench; print(speefeare_core.__file__); print(workbench.__file__)"
    where = installed.run("python", "-c", code, cwd=tmp_path)
    assert [Path(line).is_relative_to(installed.site) for line in where.stdout.split()] == [True, True], where.stderr
    done = installed.run("speefeare", "info", "--codec", "default", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["books"]) >= 12
    listed = json.loads(installed.run("speefeare", "codecs", "--json", cwd=tmp_path).stdout)["codecs"]
    assert listed
    assert all(Path(codec["file"]).is_relative_to(installed.site) for codec in listed)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_capture_works_from_the_wheel(installed: Installed, tmp_path: Path) -> None:
    from workbench.panels import PANELS

    sample = installed.site / "speefeare_core/_resources/samples/sense_and_sensibility.flac"
    done = installed.run("speefeare-workbench", str(sample), "--capture", "pictures", "--timeout", "300", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    pictures = {path.stem for path in (tmp_path / "pictures").glob("*.png") if path.stat().st_size > 1000}
    assert {"window", *(panel.key for panel in PANELS)} - pictures == set()
    sounds = sorted((tmp_path / "pictures").glob("depth_*.wav"))
    assert [path.name for path in sounds] == [f"depth_{depth:02}.wav" for depth in range(len(sounds))]
    assert len(sounds) > 2
    length_s = soundfile.info(sample).duration
    assert all(abs(soundfile.info(path).duration - length_s) < 0.01 for path in sounds)
