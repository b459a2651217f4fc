"""What the documents say is so: the tree, the links, the tables of keys and commands, the snippets."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from speefeare_core import resources
from tests.architecture.source_tree import ROOT

DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
)
SAMPLE = "sense_and_sensibility.flac"
PACKAGES = ("speefeare_core/", "workbench/")  # their own files are listed one by one
BIN = Path(sys.executable).parent


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def commands(document: str) -> list[str]:
    lines = [line for block in blocks(document, "bash") for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def tree_in_document() -> set[str]:
    """The paths of the fenced tree, folders with a slash at the end. Indentation says what lies in what."""
    (block,) = blocks("ARCHITECTURE.md", "text")
    found: set[str] = set()
    parents: list[str] = []
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        parents[depth:] = [line.split()[0]]
        found.add("".join(parents))
    return found


def tree_on_disk() -> set[str]:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    found: set[str] = set()
    for name in tracked:
        path = Path(name)
        found |= {f"{parent}/" for parent in path.parents if str(parent) != "." and not name.startswith(".")}
        if name.startswith(PACKAGES) and path.suffix == ".py" and path.name != "__init__.py" and len(path.parts) == 2:
            found.add(name)
    return {name for name in found if name.count("/") <= (3 if name.startswith(PACKAGES) else 2)}


def test_the_tree_in_architecture_is_the_tree_on_disk() -> None:
    said, there = tree_in_document(), tree_on_disk()
    assert {name for name in said if not (ROOT / name).exists()} == set(), "ARCHITECTURE.md lists what is not there"
    assert there - said == set(), "ARCHITECTURE.md leaves these out"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    folder = (ROOT / document).parent
    assert [target for target in targets if not (folder / target.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_paths_exist(document: str) -> None:
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.M | re.S)
    named = re.findall(r"`((?:speefeare_core|workbench|packaging|tests|resources|docs)/[\w./-]+)`", text)
    packed = {"speefeare_core/_resources"}  # exists in the wheel only
    assert [name for name in named if not (ROOT / name).exists() and name not in packed] == []


@pytest.mark.parametrize("script", ["packaging/run.sh", "packaging/test.sh", "packaging/setup_env.sh", ".ci/run"])
def test_scripts_parse(script: str) -> None:
    assert subprocess.run(["bash", "-n", ROOT / script], capture_output=True, text=True).stderr == ""


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "bash packaging/test.sh" in commands("README.md")
    assert "bash packaging/test.sh" in (ROOT / ".ci/run").read_text()


def test_scripts_in_the_documents_exist() -> None:
    words = [shlex.split(line) for document in DOCUMENTS for line in commands(document)]
    assert [word for word in words if word[0] == "bash" and not (ROOT / word[1]).is_file()] == []


@pytest.mark.parametrize(("document", "heading"), [("README.md", "### Keys"), ("docs/live.md", "## Keys")])
def test_every_key_in_the_documents_is_an_action(document: str, heading: str) -> None:
    from workbench.actions import ACTIONS

    text = (ROOT / document).read_text(encoding="utf-8")
    table = text.partition(heading)[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    keys = {key for row in rows for key in re.findall(r"`([^`]+)`", row)}
    assert keys and keys - {action.shortcut for action in ACTIONS} == set()


def test_every_codec_family_is_in_the_readme() -> None:
    from speefeare_core.codecs import FAMILIES

    text = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    assert [key for key, row in FAMILIES.items() if row.title.split(" (")[0].lower() not in text] == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_command_lines_of_the_readme_work(tmp_path: Path) -> None:
    speech_in(tmp_path)
    lines = [line for line in commands("README.md") if line.startswith("speefeare ")]
    assert len(lines) >= 6
    for line in lines:
        done = run_in(tmp_path, [str(BIN / "speefeare"), *shlex.split(line)[1:]])
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        named = [word for word in shlex.split(line)[2:] if re.fullmatch(r"[\w-]+\.(wav|safetensors|md)", word)]
        assert [name for name in named if not (tmp_path / name).is_file()] == [], line


def test_the_window_command_lines_of_the_readme_are_understood() -> None:
    from workbench.__main__ import build_parser

    lines = [line for line in commands("README.md") if line.startswith("speefeare-workbench ")]
    assert lines
    for line in lines:
        build_parser().parse_args(shlex.split(line)[1:])


@pytest.mark.slow
def test_the_python_of_the_readme_works(tmp_path: Path) -> None:
    speech_in(tmp_path)
    (snippet,) = blocks("README.md", "python")
    done = run_in(tmp_path, [sys.executable, "-W", "error", "-c", snippet])
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("depth_*.wav"))) > 1


def speech_in(folder: Path) -> None:
    import soundfile

    samples, rate_hz = soundfile.read(resources.resource("samples", SAMPLE))
    soundfile.write(folder / "speech.wav", samples[: 2 * rate_hz], rate_hz)


def run_in(folder: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
