"""`speefeare codecs`: what is shipped."""

from __future__ import annotations

import argparse
from typing import Any

from speefeare_core import resources
from speefeare_core.checkpoints.native import read_metadata
from speefeare_core.cli.console import Console, Result


def add(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(args: argparse.Namespace, console: Console) -> Result:
    """List the shipped codecs; the weights themselves stay unread."""
    default = resources.default_codec()
    rows: list[dict[str, Any]] = []
    for name, path in resources.shipped_codecs().items():
        metadata = read_metadata(path)
        card = path.with_name("card.md")
        rows.append(
            {
                "name": name,
                "family": metadata.get("family", "unknown"),
                "licence": metadata.get("licence", "unknown"),
                "default": path == default,
                "file": str(path),
                "bytes": path.stat().st_size,
                "card": str(card) if card.is_file() else None,
            }
        )
    lines = [
        f"{row['name']}{' (default)' if row['default'] else ''}: {row['family']}, {row['bytes'] / 1e6:.1f} MB,"
        f" {row['licence']}"
        for row in rows
    ]
    return Result({"codecs": rows}, "\n".join(lines) or "No codec is shipped.")
