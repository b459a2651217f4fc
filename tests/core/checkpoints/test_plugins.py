"""Codecs of other packages, found by their entry point as an installer would leave it; broken ones are sentences."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.checkpoints import native
from speefeare_core.cli import main
from speefeare_core.codecs import plugins
from speefeare_core.errors import SpeefeareError

EXAMPLE = Path(__file__).parents[2] / "plugin_example"
Installer = Callable[..., Path]


def dist_info(folder: Path, name: str, points: dict[str, str]) -> None:
    info = folder / f"{name.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    rows = "\n".join(f"{key} = {value}" for key, value in points.items())
    (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{rows}\n")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    """Put a package on the path, with what pip would write beside it; away again after the test."""
    before = set(sys.modules)

    def put(name: str, points: dict[str, str], code: Path) -> Path:
        site = tmp_path / f"site-{name}"
        dist_info(site, name, points)
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.syspath_prepend(str(code))
        plugins.plugins.cache_clear()
        return site

    plugins.plugins.cache_clear()
    yield put
    plugins.plugins.cache_clear()
    for added in set(sys.modules) - before:
        if added.startswith(("speefeare_wavepack", "broken_plugin")):
            del sys.modules[added]
    importlib.invalidate_caches()


@pytest.fixture
def example(install: Installer) -> Path:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    return install(project["name"], project["entry-points"][plugins.GROUP], EXAMPLE)


@pytest.mark.usefixtures("example")
def test_the_example_loads_in_every_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codec = load_codec("wavepack:3", "cpu")
    assert (codec.info.family, codec.info.depth) == ("wavepack", 3)
    audio = torch.linspace(-0.9, 0.8, 1001)[None, None].repeat(2, 1, 1)
    encoded = codec.encode(audio)
    assert float((codec.decode(encoded) - audio).abs().max()) < 2.0**-7
    assert torch.equal(codec.decode(encoded, 1), codec.decode(codec.encode(audio, 1)))

    native.save(codec.to_native(), tmp_path / "own.safetensors")  # type: ignore[attr-defined]
    torch.save({"wavepack.steps": codec.module.steps}, tmp_path / "official.pt")
    for path in (tmp_path / "own.safetensors", tmp_path / "official.pt"):
        again = load_codec(path, "cpu")
        assert again.info.family == "wavepack"
        assert torch.equal(again.encode(audio).codes, encoded.codes)
        assert main(["info", str(path)]) == 0
    assert "(wavepack)" in capsys.readouterr().out
    with pytest.raises(SpeefeareError, match="1 to 8 books"):
        load_codec("wavepack:nine")


def test_without_the_package_its_files_are_unknown(tmp_path: Path) -> None:
    plugins.plugins.cache_clear()
    torch.save({"wavepack.steps": torch.ones(2)}, tmp_path / "official.pt")
    with pytest.raises(SpeefeareError, match="of no codec that this version knows"):
        load_codec(tmp_path / "official.pt")


BROKEN = {
    "fails when imported": ("raise RuntimeError('no licence server')", "RuntimeError, no licence server"),
    "exits": ("import sys; sys.exit(3)", "SystemExit, 3"),
    "does not exist": (None, "ModuleNotFoundError"),
    "is no family": ("FAMILY = {}", "TypeError, broken_plugin:FAMILY is no speefeare_core.codecs.Family"),
    "takes our name": (
        "from speefeare_core.codecs import Family; FAMILY = Family('dac', 'Mine', 'a:b')",
        "the family dac is already there",
    ),
    "has no class": ("from speefeare_core.codecs import Family; FAMILY = Family('x', 'X', 'nowhere')", "no key, or no"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_a_sentence(case: str, tmp_path: Path, install: Installer) -> None:
    code, words = BROKEN[case]
    if code is not None:
        (tmp_path / "code").mkdir()
        (tmp_path / "code" / "broken_plugin.py").write_text(code)
    install("broken-package", {"mine": "broken_plugin:FAMILY"}, tmp_path / "code")
    (problem,) = plugins.plugins().problems
    assert problem.startswith("The codec plug-in mine of the package broken-package cannot be used: ")
    assert words in problem
    with pytest.raises(SpeefeareError, match="The codec plug-in mine"):
        load_codec("nonsense")
    assert load_codec("linear-16k", "cpu").info.family == "linear"  # nobody else is disturbed


def test_a_plugin_whose_codec_fails_is_a_sentence(tmp_path: Path, install: Installer) -> None:
    (tmp_path / "broken_plugin.py").write_text(
        "from speefeare_core.codecs import Family\n"
        "from speefeare_core.checkpoints.layouts import Layout\n"
        "FAMILY = Family('mine', 'Mine', 'absent_module:Codec', layouts=(Layout('mine', 'o', 'Mine', ('mine.w',)),))\n"
    )
    install("broken-package", {"mine": "broken_plugin:FAMILY"}, tmp_path)
    torch.save({"mine.w": torch.ones(1)}, tmp_path / "mine.pt")
    with pytest.raises(SpeefeareError, match="plug-in of the codec Mine cannot be imported: ModuleNotFoundError"):
        load_codec(tmp_path / "mine.pt")


def test_our_own_codecs_do_not_look_for_plugins() -> None:
    """Looking through every installed package takes a while."""
    code = (
        "from speefeare_core import load_codec; from speefeare_core.codecs.plugins import plugins\n"
        "load_codec('linear-16k', 'cpu'); print(plugins.cache_info().misses)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "0"
