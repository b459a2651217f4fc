"""One file from a server that breaks off, changes, lies, refuses, stalls or is not there."""

from __future__ import annotations

import errno
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from speefeare_core.catalog import fetch as fetch_module
from speefeare_core.catalog import transport
from speefeare_core.catalog.fetch import Job, Manner, fetch
from speefeare_core.catalog.transport import Lost
from speefeare_core.errors import Cancelled, SpeefeareError
from tests.core.catalog.loopback import Loopback, Served, sha256

BODY = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(300_000)
ONCE = Manner(retries=0, timeout_s=5)
PATIENT = Manner(retries=3, wait_s=0, timeout_s=5)


@pytest.fixture
def job(server: Loopback, tmp_path: Path) -> Job:
    return Job(f"{server.address}/weights.bin", tmp_path / "weights.bin")


def part(job: Job) -> Path:
    return job.target.with_name(job.target.name + ".part")


def serve(server: Loopback, body: bytes = BODY, **how: object) -> Served:
    served = server.files["/weights.bin"] = Served(body, **how)  # type: ignore[arg-type]
    return served


def only(job: Job) -> None:
    """Nothing but the finished file is left."""
    assert [path.name for path in job.target.parent.iterdir() if path.name.startswith("weights")] == ["weights.bin"]


def nothing_left(job: Job) -> None:
    assert not [path.name for path in job.target.parent.iterdir() if path.name.startswith("weights")]


def begin(server: Loopback, job: Job, **how: object) -> int:
    """Get as far as the server lets it; how many bytes are there then."""
    serve(server, break_after=100_000, **how)
    with pytest.raises(Lost):
        fetch(job, ONCE)
    return part(job).stat().st_size


# -- it works -----------------------------------------------------------------------------------------------------
def test_a_file_arrives_whole(server: Loopback, job: Job) -> None:
    serve(server, etag='"v1"')
    seen: list[tuple[int, int]] = []
    assert fetch(job, replace(ONCE, progress=lambda done, total: seen.append((done, total)))) == sha256(BODY)
    assert job.target.read_bytes() == BODY
    assert seen[0] == (0, 300_000) and seen[-1] == (300_000, 300_000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    only(job)


@pytest.mark.parametrize("known", [{"etag": '"v1"'}, {"modified": "Sat, 01 Jul 2023 10:00:00 GMT"}, {}])
def test_a_broken_download_goes_on_where_it_broke(server: Loopback, job: Job, known: dict[str, str]) -> None:
    job = replace(job, sha256=sha256(BODY))
    have = begin(server, job, **known)
    assert have == 100_000 and not job.target.exists()
    serve(server, **known)
    fetch(job, ONCE)
    assert job.target.read_bytes() == BODY
    assert server.transferred() == 200_000, "only the rest"
    assert server.asked[-1].headers.get("If-Range", "") == next(iter(known.values()), "")
    only(job)


def test_a_connection_that_keeps_breaking_is_taken_up_again_by_itself(server: Loopback, job: Job) -> None:
    serve(server, etag='"v1"', break_after=100_000)
    fetch(job, PATIENT)
    assert job.target.read_bytes() == BODY
    assert [asked.sent for asked in server.asked] == [100_000, 100_000, 100_000]


def test_a_part_that_was_all_there_is_not_fetched_again(server: Loopback, job: Job) -> None:
    serve(server, etag='"v1"')

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fetch(job, replace(ONCE, checking=stop))
    assert part(job).stat().st_size == 300_000
    asked = len(server.asked)
    fetch(job, ONCE)
    assert job.target.read_bytes() == BODY and len(server.asked) == asked


def test_a_length_that_is_not_announced(server: Loopback, job: Job) -> None:
    serve(server, length=False)
    fetch(replace(job, sha256=sha256(BODY)), ONCE)
    assert job.target.read_bytes() == BODY


# -- what cannot be gone on from begins anew ----------------------------------------------------------------------
@pytest.mark.parametrize(
    "after",
    [
        Served(OTHER, etag='"v2"'),  # changed, and the server heeds If-Range
        Served(BODY, etag='"v1"', ranges=False),  # it always sends all
        Served(OTHER[:50_000], etag='"v1"'),  # shorter than what is there: 416
    ],
    ids=["changed", "ignores-range", "shorter"],
)
def test_it_begins_anew_where_it_cannot_go_on(server: Loopback, job: Job, after: Served) -> None:
    begin(server, job, etag='"v1"')
    server.files["/weights.bin"] = after
    fetch(job, ONCE)
    assert job.target.read_bytes() == after.body
    assert server.transferred() == len(after.body)
    only(job)


def test_a_server_that_ignores_if_range_but_tells_its_new_etag(server: Loopback, job: Job) -> None:
    begin(server, job, etag='"v1"')
    changed = serve(server, OTHER, etag='"v2"')
    changed.modified = '"v1"'  # makes it heed the range although the version differs
    fetch(job, ONCE)
    assert job.target.read_bytes() == OTHER


@pytest.mark.parametrize("spoil", ["no version", "bad version", "other address", "weak"])
def test_a_part_of_unknown_origin_is_not_used(server: Loopback, job: Job, spoil: str) -> None:
    begin(server, job, etag='W/"v1"' if spoil == "weak" else '"v1"')
    known = part(job).with_name(part(job).name + ".json")
    if spoil == "no version":
        known.unlink()
    elif spoil == "bad version":
        known.write_text("[1")
    elif spoil == "other address":
        known.write_text(json.dumps({**json.loads(known.read_text()), "address": "https://elsewhere.test/x"}))
    serve(server, OTHER, etag='W/"v1"')
    fetch(job, ONCE)
    assert job.target.read_bytes() == OTHER and "Range" not in server.asked[-1].headers


# -- what is wrong is refused -------------------------------------------------------------------------------------
@pytest.mark.parametrize("digits", [64, 8])
def test_a_wrong_checksum_leaves_nothing_and_says_so(server: Loopback, job: Job, digits: int) -> None:
    serve(server, OTHER)
    with pytest.raises(SpeefeareError, match="arrived damaged: its checksum .* as the catalog says; it was removed"):
        fetch(replace(job, sha256=sha256(BODY)[:digits]), PATIENT)
    nothing_left(job)
    assert len(server.asked) == 1, "the same again would not help"


def test_the_first_digits_of_a_checksum_are_enough(server: Loopback, job: Job) -> None:
    serve(server)
    fetch(replace(job, sha256=sha256(BODY)[:8]), ONCE)
    assert job.target.read_bytes() == BODY
    only(job)


def test_the_checksum_that_the_hub_tells_on_its_way_counts(server: Loopback, job: Job) -> None:
    server.files["/hub"] = Served(b"", redirect="/weights.bin", headers={"X-Linked-Etag": f'"{sha256(BODY)}"'})
    serve(server, OTHER)
    job = replace(job, address=f"{server.address}/hub")
    with pytest.raises(SpeefeareError, match="as its source says"):
        fetch(job, ONCE)
    nothing_left(job)
    serve(server, BODY)
    fetch(job, ONCE)
    assert job.target.read_bytes() == BODY


def test_another_file_than_the_catalog_knows_is_refused_before_it_is_transferred(server: Loopback, job: Job) -> None:
    server.files["/hub"] = Served(b"", redirect="/weights.bin", headers={"X-Linked-Etag": f'"{sha256(OTHER)}"'})
    serve(server, OTHER)
    with pytest.raises(SpeefeareError, match="has changed at its source: its checksum"):
        fetch(replace(job, address=f"{server.address}/hub", sha256=sha256(BODY)), PATIENT)
    with pytest.raises(SpeefeareError, match="has 300000 bytes there and 300001 in the catalog"):
        fetch(replace(job, size_bytes=300_001), PATIENT)
    nothing_left(job)


def test_fewer_bytes_than_announced_is_a_broken_connection(server: Loopback, job: Job) -> None:
    serve(server, announce=300_500)
    with pytest.raises(Lost, match="broke after 300000 of 300500 bytes of weights.bin; try again"):
        fetch(job, ONCE)
    assert part(job).stat().st_size == 300_000


def test_more_bytes_than_there_should_be_are_refused(server: Loopback, job: Job) -> None:
    serve(server, length=False)
    with pytest.raises(SpeefeareError, match="longer than the 200000 bytes"):
        fetch(replace(job, size_bytes=200_000), PATIENT)
    nothing_left(job)


@pytest.mark.parametrize(
    ("status", "words", "again"),
    [
        (
            401,
            "may have it, or has none of this name .401.: accept its terms on https://page.test/, then set HF_TOKEN",
            False,
        ),
        (403, "only to people who may have it .403.", False),
        (404, "is not there any more .404.; look on https://page.test/", False),
        (410, "is not there any more", False),
        (429, "too many requests at the moment .429.; try again in 7 seconds", False),
        (451, "refused the file .* .451", False),
        (500, "is in trouble .500.; try again later, what has arrived is kept", True),
        (503, "is in trouble .503.", True),
    ],
)
def test_refusals_are_plain_sentences(server: Loopback, job: Job, status: int, words: str, again: bool) -> None:
    begin(server, job, etag='"v1"')
    serve(server, status=status, headers={"Retry-After": "7"})
    asked = len(server.asked)
    with pytest.raises(SpeefeareError, match=words):
        fetch(replace(job, page="https://page.test/"), replace(PATIENT, retries=1))
    assert len(server.asked) - asked == (2 if again else 1)
    assert part(job).stat().st_size == 100_000, "what has arrived is kept"


def test_a_server_that_falls_silent(server: Loopback, job: Job) -> None:
    serve(server, stall_after=16_384)
    with pytest.raises(Lost, match="127.0.0.1 gave no answer in time; try again, what has arrived is kept"):
        fetch(job, replace(ONCE, timeout_s=0.2))
    assert part(job).stat().st_size == 16_384


def test_nobody_is_there(server: Loopback, job: Job) -> None:
    server.close()
    with pytest.raises(Lost, match="The connection to 127.0.0.1 failed .*refused.*; try again"):
        fetch(job, PATIENT)
    server._server.server_close()


def test_a_host_that_does_not_exist(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def unknown(*args: object, **named: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Lost, match="The host example.invalid was not found; is this computer connected"):
        fetch(replace(job, address="https://example.invalid/x"), ONCE)


def test_no_http_at_all(job: Job) -> None:
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"220 mail.test ESMTP\r\n")

    thread = threading.Thread(target=talk)
    thread.start()
    with pytest.raises(Lost, match="no proper HTTP"):
        fetch(replace(job, address=f"http://127.0.0.1:{listener.getsockname()[1]}/x"), ONCE)
    thread.join()
    listener.close()


# -- where to -----------------------------------------------------------------------------------------------------
def test_redirects_are_followed_but_not_out_of_https(server: Loopback, job: Job) -> None:
    server.files["/moved"] = Served(b"", redirect="/weights.bin")
    serve(server)
    job = replace(job, address=f"{server.address}/moved")
    fetch(job, ONCE)
    assert job.target.read_bytes() == BODY
    job.target.unlink()
    for bad in ("http://example.test/weights.bin", "file:///etc/passwd", "ftp://example.test/x", "/moved"):
        server.files["/moved"] = Served(b"", redirect=bad)
        with pytest.raises(SpeefeareError, match="is not an https address|in circles or to an unsafe address"):
            fetch(job, ONCE)
    nothing_left(job)


@pytest.mark.parametrize("address", ["http://example.test/x", "file:///etc/passwd", "/etc/passwd", "ftp://a.test/x"])
def test_only_https_is_asked(job: Job, address: str) -> None:
    with pytest.raises(SpeefeareError, match="is not an https address"):
        fetch(replace(job, address=address), ONCE)


def test_a_far_server_must_not_send_back_to_this_computer() -> None:
    import urllib.request

    asked = urllib.request.Request("https://far.test/x")
    with pytest.raises(SpeefeareError, match="far.test sends back to this computer"):
        transport._Redirects().redirect_request(asked, None, 302, "", {}, "http://127.0.0.1/x")  # type: ignore[arg-type]


def test_a_token_stays_with_its_host(server: Loopback, job: Job) -> None:
    other = Loopback()
    try:
        other.files["/weights.bin"] = Served(BODY)
        server.files["/near"] = Served(b"", redirect="/far")
        server.files["/far"] = Served(b"", redirect=f"{other.address}/weights.bin")
        token = (("Authorization", "Bearer secret"),)
        fetch(replace(job, address=f"{server.address}/near", headers=token), ONCE)
        assert [asked.headers.get("Authorization") for asked in server.asked] == ["Bearer secret"] * 2
        assert "Authorization" not in other.asked[0].headers
    finally:
        other.close()


# -- stopping and the disk ----------------------------------------------------------------------------------------
def test_cancel_midway_leaves_a_part_that_can_be_gone_on_from(server: Loopback, job: Job) -> None:
    served = serve(server, etag='"v1"', stall_after=100_000)
    got: list[int] = []
    manner = replace(PATIENT, progress=lambda done, total: got.append(done), cancelled=lambda: bool(got and got[-1]))
    with pytest.raises(Cancelled):
        fetch(job, manner)
    have = part(job).stat().st_size
    assert 0 < have <= 100_000 and not job.target.exists()
    served.stall_after = None
    fetch(job, ONCE)
    assert job.target.read_bytes() == BODY
    assert server.transferred() == 300_000 - have


def test_too_little_room_is_told_before_anything_is_transferred(
    server: Loopback, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server)
    monkeypatch.setattr(fetch_module.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(SpeefeareError, match="has 1 MB free, but 67 MB are needed; free some, or set SPEEFEARE_MODELS"):
        fetch(job, PATIENT)
    assert not part(job).exists()


def test_a_disk_that_fills_up(server: Loopback, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(server, etag='"v1"')
    write: Callable[..., None] = fetch_module._write

    def full(file: object, block: bytes) -> None:
        if file.tell() + len(block) > 150_000:  # type: ignore[attr-defined]
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file, block)

    monkeypatch.setattr(fetch_module, "_write", full)
    monkeypatch.setattr(fetch_module, "CHUNK", 8192)
    with pytest.raises(SpeefeareError, match="is full; free some space and go on, what has arrived is kept"):
        fetch(job, PATIENT)
    have = part(job).stat().st_size
    assert 0 < have <= 150_000
    monkeypatch.setattr(fetch_module, "_write", write)
    fetch(job, ONCE)
    assert job.target.read_bytes() == BODY and server.transferred() == 300_000 - have


def test_a_folder_that_cannot_be_made(server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpeefeareError, match="cannot be written to: .*; set SPEEFEARE_MODELS"):
        fetch(Job(f"{server.address}/weights.bin", tmp_path / "file" / "below" / "weights.bin"), ONCE)
