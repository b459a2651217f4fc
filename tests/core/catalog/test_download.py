"""Whole entries: what is on disk, downloads of several files, the cache of huggingface_hub, hf:owner/name, removal."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from speefeare_core.catalog import download as downloading
from speefeare_core.catalog import local_path, look, places
from speefeare_core.catalog import on_disk as on_disk_module
from speefeare_core.catalog.download import Progress, Wish, download, remove
from speefeare_core.catalog.entries import CatalogFile, Entry
from speefeare_core.catalog.lock import only_writer
from speefeare_core.catalog.transport import Lost
from speefeare_core.catalog.words import licence_words
from speefeare_core.errors import Cancelled, SpeefeareError
from tests.core.catalog.loopback import Loopback, Served, hub_reply, sha256

WEIGHTS, CONFIG = bytes(range(256)) * 400, b'{"rate": 16000}'
ENTRY = Entry(
    name="probe",
    title="Probe",
    family="dac",
    source="hf:owner/probe",
    files=(CatalogFile("config.json"), CatalogFile("sub/w.bin", len(WEIGHTS), sha256(WEIGHTS))),
    opens="sub/w.bin",
    licence="CC-BY-NC-4.0",
    licence_source="the page",
    page="https://page.test/",
)
YES = Wish(accept_licence=True, retries=0, timeout_s=5)
ROOT = "/owner/probe/resolve/main/"


@pytest.fixture(autouse=True)
def in_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk_module, "read_catalog", lambda: (ENTRY,))


@pytest.fixture
def hub(server: Loopback) -> Loopback:
    server.files[f"{ROOT}config.json"] = Served(CONFIG)
    server.files[f"{ROOT}sub/w.bin"] = Served(WEIGHTS, etag='"v1"')
    return server


def cached(root: Path, revision: str = "abc", files: dict[str, bytes] | None = None, main: bool = True) -> Path:
    """A snapshot as huggingface_hub keeps it: links into blobs."""
    folder = root / "models--owner--probe"
    for name, body in (files or {"config.json": CONFIG, "sub/w.bin": WEIGHTS}).items():
        blob = folder / "blobs" / sha256(body)
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(body)
        link = folder / "snapshots" / revision / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    if main:
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs" / "main").write_text(revision)
    return folder / "snapshots" / revision


# -- where --------------------------------------------------------------------------------------------------------
def test_where_downloads_live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert places.models_dir() == tmp_path / "models"
    monkeypatch.delenv("SPEEFEARE_MODELS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert places.models_dir() == tmp_path / "cache" / "speefeare-workbench" / "models"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert places.models_dir() == Path.home() / "Library" / "Caches" / "speefeare-workbench" / "models"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert places.models_dir() == tmp_path / "local" / "speefeare-workbench" / "models"


def test_where_the_cache_of_the_hub_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert places.hub_cache_dir() == tmp_path / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    assert places.hub_cache_dir() == tmp_path / "home" / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "direct"))
    assert places.hub_cache_dir() == tmp_path / "direct"


def test_what_is_not_here_names_the_command() -> None:
    assert look(ENTRY).state == "absent"
    with pytest.raises(
        SpeefeareError, match="not on this computer yet; get it with: speefeare catalog download probe$"
    ):
        local_path("probe")
    with pytest.raises(SpeefeareError, match="get it with: speefeare catalog download hf:other/one/sub$"):
        local_path("hf:other/one/sub")
    with pytest.raises(SpeefeareError, match="no codec named prob; did you mean probe"):
        local_path("prob")


@pytest.mark.parametrize("bad", ["hf:", "hf:owner", "hf:../..", "hf:a/b/../../../etc/passwd", "hf:./x"])
def test_a_repository_cannot_lead_out_of_its_folder(bad: str) -> None:
    with pytest.raises(SpeefeareError, match="is no repository of the hub; write hf:owner/name"):
        local_path(bad)


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"])
def test_a_cache_of_huggingface_hub_is_recognised(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "cache"
    below = {"HF_HUB_CACHE": "", "HF_HOME": "hub", "XDG_CACHE_HOME": "huggingface/hub"}[variable]
    monkeypatch.setenv(variable, str(base))
    cached(base / below, "old", {"config.json": CONFIG}, main=False)
    snapshot = cached(base / below, "new")
    found = look(ENTRY)
    assert (found.state, found.path) == ("elsewhere", snapshot / "sub" / "w.bin")
    assert found.size_bytes == len(CONFIG) + len(WEIGHTS)
    assert local_path("probe") == snapshot / "sub" / "w.bin"
    assert local_path("hf:owner/probe") == snapshot / "sub" / "w.bin"
    assert local_path("hf:owner/probe/config.json") == snapshot / "config.json"
    with pytest.raises(SpeefeareError, match="lies in the cache of huggingface_hub .*; remove it there"):
        remove(ENTRY)
    with pytest.raises(SpeefeareError, match="is not on this computer yet"):
        local_path("hf:owner/probe/other.bin")


def test_a_snapshot_that_lacks_a_file_or_is_cut_short_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    cached(tmp_path, "a", {"config.json": CONFIG})
    assert look(ENTRY).state == "absent"
    cached(tmp_path, "b", {"config.json": CONFIG, "sub/w.bin": WEIGHTS[:-1]})
    assert look(ENTRY).state == "absent"


# -- download -----------------------------------------------------------------------------------------------------
def test_all_files_arrive_and_the_path_is_what_is_opened(hub: Loopback, models: Path) -> None:
    seen: list[Progress] = []
    found = download(ENTRY, replace(YES, progress=seen.append))
    assert (found.state, found.path) == ("complete", models / "probe" / "sub" / "w.bin")
    assert found.path is not None and found.path.read_bytes() == WEIGHTS == local_path("probe").read_bytes()
    assert (models / "probe" / "config.json").read_bytes() == CONFIG
    assert seen[-1].done_bytes == seen[-1].total_bytes == len(WEIGHTS) + len(CONFIG) and seen[-1].fraction == 1.0
    assert any(progress.checking for progress in seen)
    asked = len(hub.asked)
    assert download(ENTRY, Wish()) == found and len(hub.asked) == asked, "what is here is not asked for again"


def test_the_licence_comes_first(hub: Loopback, models: Path) -> None:
    with pytest.raises(SpeefeareError, match=r"under the licence CC-BY-NC-4.0 \(the page\).*add --accept-licence"):
        download(ENTRY, Wish())
    assert hub.asked == [] and not models.exists()
    words = licence_words(replace(ENTRY, licence="not stated", licence_source=""))
    assert "is not stated by their source; read more on https://page.test/" in words


@pytest.mark.parametrize("switch", ["SPEEFEARE_OFFLINE", "HF_HUB_OFFLINE", ""])
def test_the_offline_switch(hub: Loopback, monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
    if switch:
        monkeypatch.setenv(switch, "1")
    with pytest.raises(SpeefeareError, match=f"Nothing is downloaded because {switch or 'the offline switch'} is set"):
        download(ENTRY, replace(YES, offline=not switch))
    with pytest.raises(SpeefeareError, match="Nothing is downloaded"):
        downloading.resolve("hf:owner/probe", offline=not switch)
    assert hub.asked == []


def test_what_broke_midway_is_partial_and_goes_on(hub: Loopback, models: Path) -> None:
    hub.files[f"{ROOT}sub/w.bin"].break_after = 50_000
    with pytest.raises(Lost):
        download(ENTRY, YES)
    found = look(ENTRY)
    assert (found.state, found.path, found.size_bytes) == ("partial", None, len(CONFIG) + 50_000)
    with pytest.raises(SpeefeareError, match="only partly downloaded; get it with: speefeare catalog download probe"):
        local_path("probe")
    hub.files[f"{ROOT}sub/w.bin"].break_after = None
    seen: list[Progress] = []
    assert download(ENTRY, replace(YES, progress=seen.append)).state == "complete"
    assert seen[0].done_bytes >= len(CONFIG) + 50_000, "progress goes on where it was"
    assert hub.transferred() == len(WEIGHTS) - 50_000
    assert [asked.path for asked in hub.asked].count(f"{ROOT}config.json") == 1


def test_cancel_between_and_within_files(hub: Loopback) -> None:
    with pytest.raises(Cancelled):
        download(ENTRY, replace(YES, cancelled=lambda: True))
    assert look(ENTRY).state == "absent"
    assert download(ENTRY, YES).state == "complete"


def test_two_downloads_of_the_same_thing(hub: Loopback, models: Path) -> None:
    with only_writer(models / "probe.lock", "probe"):
        with pytest.raises(SpeefeareError, match="probe is being downloaded or removed already; wait for that"):
            download(ENTRY, YES)
        with pytest.raises(SpeefeareError, match="Nothing of probe has been downloaded"):
            remove(ENTRY)
    assert hub.asked == []
    assert download(ENTRY, YES).state == "complete"


def test_another_process_holds_the_lock(models: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom speefeare_core.catalog.lock import only_writer\n"
        "with only_writer(Path(sys.argv[1]), 'x'):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    lock = models / "probe.lock"
    words = [sys.executable, "-c", program, str(lock)]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None and child.stdout.readline() == "held\n"
        with pytest.raises(SpeefeareError, match="already"), only_writer(lock, "probe"):
            raise AssertionError("both wrote")
    finally:
        child.kill()
        child.communicate()
    with only_writer(lock, "probe"):
        """Its death freed it."""


def test_a_file_of_a_wrong_size_is_fetched_again(hub: Loopback) -> None:
    found = download(ENTRY, YES)
    assert found.path is not None
    found.path.write_bytes(WEIGHTS[:-5])
    assert look(ENTRY).state == "partial"
    assert download(ENTRY, YES).state == "complete" and found.path.read_bytes() == WEIGHTS


def test_remove_takes_what_was_downloaded_and_nothing_else(hub: Loopback, models: Path) -> None:
    download(ENTRY, YES)
    (models / "probe" / "mine.txt").write_text("a note")
    assert remove(ENTRY) == len(WEIGHTS) + len(CONFIG)
    assert look(ENTRY).state == "absent"
    assert [path.name for path in (models / "probe").rglob("*")] == ["mine.txt"]
    (models / "probe" / "mine.txt").unlink()
    assert remove(ENTRY) == 0 and not (models / "probe").exists()
    hub.files[f"{ROOT}sub/w.bin"].break_after = 50_000
    with pytest.raises(Lost):
        download(ENTRY, YES)
    assert remove(ENTRY) >= len(CONFIG) + 50_000 and not (models / "probe").exists()


def test_a_folder_for_models_that_is_a_file(models: Path, hub: Loopback) -> None:
    models.write_text("in the way")
    with pytest.raises(SpeefeareError, match="cannot be written to .*set SPEEFEARE_MODELS to another folder"):
        download(ENTRY, YES)


def test_a_file_may_come_from_another_source(hub: Loopback) -> None:
    hub.files["/elsewhere/config.json"] = Served(b"{}")
    other = replace(ENTRY.files[0], source=f"{hub.address}/elsewhere/")
    entry = replace(ENTRY, files=(other, ENTRY.files[1]))
    assert entry.hub_repository == ""
    found = download(entry, YES)
    assert found.path is not None and (found.path.parents[1] / "config.json").read_bytes() == b"{}"


def test_a_file_that_is_in_the_cache_is_linked_instead_of_fetched(
    hub: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    cached(tmp_path / "cache", "a", {"sub/w.bin": WEIGHTS})
    found = download(ENTRY, YES)
    assert found.state == "complete" and found.path is not None and found.path.read_bytes() == WEIGHTS
    assert [asked.path for asked in hub.asked] == [f"{ROOT}config.json"]
    remove(ENTRY)
    assert (tmp_path / "cache" / "models--owner--probe" / "snapshots" / "a" / "sub" / "w.bin").read_bytes() == WEIGHTS


def test_a_cached_file_with_another_checksum_is_not_taken(
    hub: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    cached(tmp_path / "cache", "a", {"sub/w.bin": WEIGHTS[::-1]})
    found = download(ENTRY, YES)
    assert found.path is not None and found.path.read_bytes() == WEIGHTS and hub.transferred() == len(WEIGHTS)


def test_the_token_goes_to_the_hub_only(hub: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    hub.files["/elsewhere/config.json"] = Served(b"{}")
    other = replace(ENTRY.files[0], source=f"{hub.address}/elsewhere/")
    download(replace(ENTRY, files=(other, ENTRY.files[1])), YES)
    assert [asked.headers.get("Authorization") for asked in hub.asked] == [None, "Bearer secret"]


# -- any repository of the hub ------------------------------------------------------------------------------------
def repository(server: Loopback, files: dict[str, bytes], licence: str = "mit") -> None:
    server.files["/api/models/some/one?blobs=true"] = Served(hub_reply(files, licence))
    for name, body in files.items():
        server.files[f"/some/one/resolve/main/{name}"] = Served(body)


def test_any_repository_can_be_downloaded(server: Loopback, models: Path) -> None:
    files = {"config.json": b"{}", "model.safetensors": WEIGHTS, "pytorch_model.bin": b"x", "README.md": b"#"}
    repository(server, {**files, "onnx/model.onnx": b"y", "../evil.bin": b"z"})
    entry = downloading.resolve("hf:some/one")
    assert [file.name for file in entry.files] == ["model.safetensors", "config.json"]
    assert (entry.licence, entry.opens) == ("mit", ".")
    assert download(entry, YES).path == models / "hf--some--one"
    assert local_path("hf:some/one") == models / "hf--some--one"
    assert local_path("hf:some/one/model.safetensors").read_bytes() == WEIGHTS


def test_one_place_in_a_repository(server: Loopback, models: Path) -> None:
    repository(server, {"a/w.pt": WEIGHTS, "a/config.json": b"{}", "b/w.pt": b"b", "config.json": b"{ }"}, licence="")
    entry = downloading.resolve("hf:some/one/a/w.pt")
    assert [file.name for file in entry.files] == ["a/w.pt", "a/config.json"] and entry.licence == "not stated"
    download(entry, YES)
    assert local_path("hf:some/one/a/w.pt") == models / "hf--some--one" / "a" / "w.pt"
    assert [file.name for file in downloading.resolve("hf:some/one/b").files] == ["b/w.pt"]
    with pytest.raises(SpeefeareError, match="hf:some/one/c holds no weights; look on"):
        downloading.resolve("hf:some/one/c")


def test_a_repository_that_is_not_there_or_says_nonsense(server: Loopback) -> None:
    with pytest.raises(SpeefeareError, match="is not there any more .404."):
        downloading.resolve("hf:some/one")
    for nonsense in (b"[]", b"<html>", b'{"siblings": [1, {"rfilename": 2}]}'):
        server.files["/api/models/some/one?blobs=true"] = Served(nonsense)
        with pytest.raises(SpeefeareError, match="did not say what some/one holds|holds no weights"):
            downloading.resolve("hf:some/one")


def test_an_unfinished_repository_is_not_opened(server: Loopback) -> None:
    repository(server, {"config.json": b"{}", "w.bin": WEIGHTS})
    server.files["/some/one/resolve/main/w.bin"].break_after = 1000
    with pytest.raises(Lost):
        download(downloading.resolve("hf:some/one"), YES)
    with pytest.raises(SpeefeareError, match="is not on this computer yet"):
        local_path("hf:some/one")
