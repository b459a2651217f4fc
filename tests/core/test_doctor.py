"""`speefeare doctor`: it must see what is wrong as well as what is right."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from speefeare_core import resources
from speefeare_core.cli import doctor, main
from speefeare_core.diagnosis import child, compute, parts


def test_every_device_here_computes_the_same() -> None:
    checks = compute.check_devices()
    assert checks[-1].name == "cpu"
    assert all(check.ok for check in checks), checks


@pytest.mark.parametrize("wrong", ["shifted", "nan", "raises"])
def test_a_device_that_computes_wrongly_is_named(wrong: str) -> None:
    def broken(name: str, dtype: torch.dtype) -> torch.Tensor:
        right = torch.linspace(-1, 1, 100, dtype=dtype)
        if dtype == torch.float64:
            return right
        if wrong == "raises":
            raise RuntimeError("no kernel image is available\nfor this device")
        return right + 0.02 if wrong == "shifted" else right * torch.nan

    check = compute.check_device("cpu", broken)
    assert not check.ok and "cpu" in check.problem and "\n" not in check.problem
    json.dumps(check.error, allow_nan=False)


def test_rounding_as_coarse_as_tf32_passes() -> None:
    def rounded(name: str, dtype: torch.dtype) -> torch.Tensor:
        right = torch.linspace(-1, 1, 100, dtype=torch.float64)
        return right if dtype == torch.float64 else ((right * 2**10).round() / 2**10).to(dtype)

    assert compute.check_device("cpu", rounded).ok


def test_a_child_that_fails_or_hangs_is_an_answer() -> None:
    assert child.ask("raise OSError('PortAudio library not found')").problem == "OSError: PortAudio library not found"
    assert "no answer within" in child.ask("import time; time.sleep(30)", wait_s=0.2).problem
    assert child.ask("print('noise'); print('{\"a\": 1}')").data == {"a": 1}


def test_the_compiler_is_named_where_the_product_in_c_was_not_built(tmp_path: Path) -> None:
    (missing,) = parts.missing_native(tmp_path)
    assert "compiler" in missing.part and "--force-reinstall" in missing.install and not missing.needed
    (tmp_path / "kernels.so").touch()
    assert parts.missing_native(tmp_path) == []


def test_missing_parts_come_with_the_line_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "find_spec", lambda name: None if name == "av" else object())
    monkeypatch.setattr(parts, "PACKAGES", ("torch", "surely-not-installed"))
    monkeypatch.setattr(parts, "_loads", lambda name: name != "libxcb-cursor.so.0")
    monkeypatch.setattr(parts.platform, "system", lambda: "Linux")
    needed, optional = parts.missing_packages()
    assert needed.needed and needed.install.endswith("-m pip install surely-not-installed")
    assert not optional.needed and optional.install.endswith("-m pip install av")
    (library,) = parts.missing_libraries()
    assert library.install == "sudo apt-get install libxcb-cursor0" and not library.needed


def test_doctor_on_this_computer(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (code, data["problems"]) == (0, [])
    assert data["ok"] and data["versions"]["torch"] == torch.__version__
    assert data["versions"]["qt"].startswith("6.") and "PortAudio" in data["versions"]["portaudio"]
    assert data["shipped"]["default"] in data["shipped"]["codecs"]
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("Everything needed works.")


def test_what_is_broken_fails_the_doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resources, "resource_dir", lambda: tmp_path)
    monkeypatch.setattr(child, "ask_sound", lambda: child.Answer({}, "OSError: PortAudio library not found"))
    monkeypatch.setattr(child, "ask_qt", lambda: child.Answer({}, "ImportError: libEGL.so.1"))
    result = doctor.run(argparse.Namespace(), doctor.Console())
    assert result.exit_code == 1 and not result.data["ok"]
    told = "\n".join(result.data["problems"])
    assert "PortAudio library not found" in told and "libEGL" in told and "shipped" in told
    assert told.splitlines()[0] in result.text
