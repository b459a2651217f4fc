"""A catalog of one row, and the command line that reads it, for tests that start processes."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.core.catalog.loopback import sha256

WEIGHTS = bytes(range(256)) * 2000
PLACE = "/owner/probe/resolve/main/w.bin"
ROW = {
    "name": "probe", "title": "Probe", "family": "dac", "source": "hf:owner/probe", "opens": "w.bin", "licence": "MIT",
    "licence_source": "the page", "page": "https://page.test/", "rate_hz": 16000, "books": 4, "book_size": 1024,
    "frame_rate_hz": 50, "bitrates_kbps": [2], "paper": "arXiv 1", "remarks": ["A remark."],
    "files": [{"name": "w.bin", "size_bytes": len(WEIGHTS), "sha256": sha256(WEIGHTS)}],
}  # fmt: skip


def write_catalog(folder: Path) -> Path:
    """The folder that takes the place of resources/."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog.yaml").write_text(yaml.safe_dump({"version": 1, "entries": [ROW]}))
    return folder


def program(resources: Path) -> str:
    """`python -c …` that is `speefeare` with that catalog; it fails where torch was loaded."""
    return (
        "import sys\nfrom pathlib import Path\nfrom speefeare_core import resources\n"
        "from speefeare_core.cli import main\n"
        f"resources.resource_dir = lambda: Path({str(resources)!r})\n"
        "code = main(sys.argv[1:])\nassert 'torch' not in sys.modules\nraise SystemExit(code)\n"
    )
