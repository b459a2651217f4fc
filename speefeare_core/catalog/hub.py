"""Addresses of files on the Hugging Face hub, and what a repository that the catalog does not list holds.

HF_ENDPOINT (a mirror) and HF_TOKEN are honoured.
"""

from __future__ import annotations

import http.client
import json
import os
from typing import Any
from urllib.parse import quote

from speefeare_core.catalog import transport
from speefeare_core.catalog.entries import NOT_STATED, CatalogFile, Entry, is_plain_path
from speefeare_core.catalog.on_disk import hub_folder, split_hub_source
from speefeare_core.errors import SpeefeareError

WEIGHTS = (".safetensors", ".pth", ".pt", ".ckpt", ".th", ".bin", ".tflite", ".onnx")
BESIDE = (".json", ".yaml", ".yml")
MOST_BYTES = 4 << 20  # of an answer about a repository


def endpoint() -> str:
    """The hub, or the mirror that HF_ENDPOINT names."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def address_of(source: str, name: str) -> str:
    """The address of a file of a source (`hf:owner/name[@revision]` or `https://…/`)."""
    if not source.startswith("hf:"):
        return source + quote(name)
    repository, _, revision = source.removeprefix("hf:").partition("@")
    return f"{endpoint()}/{repository}/resolve/{quote(revision or 'main', safe='')}/{quote(name)}"


def page_of(source: str) -> str:
    """Where a person reads about a source."""
    return f"{endpoint()}/{source.removeprefix('hf:').partition('@')[0]}" if source.startswith("hf:") else source


def headers_for(source: str) -> dict[str, str]:
    """The token, for the hub only."""
    token = os.environ.get("HF_TOKEN", "").strip()
    return {"Authorization": f"Bearer {token}"} if token and source.startswith("hf:") else {}


def entry_of(source: str, timeout_s: float = transport.TIMEOUT_S) -> Entry:
    """An entry for `hf:owner/name[/below]`, made from what the hub says of the repository.

    Weights come as safetensors alone where there are both. Raises `SpeefeareError` where there is nothing to load.
    """
    repository, below = split_hub_source(source)
    said = _ask(f"{endpoint()}/api/models/{repository}?blobs=true", repository, timeout_s)
    named = [
        row for row in said.get("siblings") or [] if isinstance(row, dict) and isinstance(row.get("rfilename"), str)
    ]
    rows = {row["rfilename"]: row for row in named if is_plain_path(row["rfilename"])}
    files = _chosen(sorted(rows), below)
    if not any(name.endswith(WEIGHTS) for name in files):
        where = f"hf:{repository}/{below}" if below else f"hf:{repository}"
        raise SpeefeareError(f"{where} holds no weights; look on {page_of(source)} how its files are called.")
    card = said.get("cardData")
    licence = card.get("license") if isinstance(card, dict) else None
    return Entry(
        name=hub_folder(repository),
        title=repository,
        family="",
        source=f"hf:{repository}",
        files=tuple(_file(name, rows[name]) for name in files),
        opens=below if below in files else ".",
        licence=str(licence) if licence else NOT_STATED,
        licence_source="the card on the hub",
        page=page_of(f"hf:{repository}"),
        remarks=("Not in the catalog: what it is becomes clear when it is opened.",),
    )


def _ask(address: str, repository: str, timeout_s: float) -> dict[str, Any]:
    answer = transport.request(address, headers_for(f"hf:{repository}"), timeout_s, page_of(f"hf:{repository}"))
    with answer.response:
        try:
            said = json.loads(answer.response.read(MOST_BYTES))
        except (OSError, http.client.HTTPException) as error:
            raise transport.unreachable(error, address) from error
        except ValueError as error:
            raise SpeefeareError(f"{transport.host_of(address)} did not say what {repository} holds.") from error
    if not isinstance(said, dict):
        raise SpeefeareError(f"{transport.host_of(address)} did not say what {repository} holds.")
    return said


def _chosen(names: list[str], below: str) -> list[str]:
    """The weights and descriptions at or below a place in the repository; one kind of weights."""
    folder = below.rpartition("/")[0] if below in names else below
    inside = [name for name in names if name.rpartition("/")[0] == folder]
    if below in names:
        return [below, *(name for name in inside if name.endswith(BESIDE) and name != below)]
    weights = [name for name in inside if name.endswith(WEIGHTS)]
    safe = [name for name in weights if name.endswith(".safetensors")]
    return [*(safe or weights), *(name for name in inside if name.endswith(BESIDE))]


def _file(name: str, row: dict[str, Any]) -> CatalogFile:
    size, lfs = row.get("size"), row.get("lfs")
    sha256 = lfs.get("sha256", "") if isinstance(lfs, dict) else ""
    return CatalogFile(name, size if isinstance(size, int) and size > 0 else None, str(sha256).lower())
