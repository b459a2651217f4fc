"""`speefeare codes`: how a codec uses the entries of its books on a sound file, a folder, or in a token file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core import token_file
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import add_codec, check_target
from speefeare_core.errors import SpeefeareError
from speefeare_core.statistics.corpus import CorpusCounts, counting, finished, kept_counting, sound_files
from speefeare_core.statistics.counts import TokenCounts
from speefeare_core.statistics.measures import mean_surprisal_bits, use_of

if TYPE_CHECKING:
    from speefeare_core.codec import Codec

MANY_FILES = 100  # above this the list of files stays out of the answer


def add(parser: argparse.ArgumentParser) -> None:
    """`SOUND …`."""
    parser.add_argument(
        "files", metavar="SOUND", nargs="+", type=Path, help="sound files, folders with sound files, or one token file"
    )
    add_codec(parser)
    parser.add_argument(
        "--corpus", metavar="FOLDER", type=Path, help="also: what a token costs under the frequencies of this folder"
    )
    parser.add_argument(
        "--against", metavar="SOUND", type=Path, help="also: the share of tokens that this recording has in common"
    )
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="write the counts to FILE.npz, or the table to FILE.csv"
    )


def run(args: argparse.Namespace, console: Console) -> Result:
    """Count and measure."""
    if args.output is not None:
        check_target(args.output, (".npz", ".csv"))
    if len(args.files) == 1 and token_file.is_token_file(args.files[0]):
        return _of_tokens(args)
    from speefeare_core.checkpoints.load import load_codec

    codec = load_codec(args.codec, args.device)
    files = _files(args.files)
    found = finished(counting(codec, files, lambda done, name: console.progress(done, f"encoding {name}")))
    rows = [use_of(counts, book).to_dict() for book, counts in enumerate(found.counts.books, 1)]
    for row, book in zip(rows, codec.info.books, strict=True):
        row["role"], row["frame_rate_hz"] = book.role, book.frame_rate_hz
    data: dict[str, Any] = {
        "codec": codec.info.name,
        "files": [str(path) for path in files] if len(files) <= MANY_FILES else len(files),
        "seconds": found.seconds,
        "skipped": list(found.skipped),
    }
    if args.corpus is not None:
        _add_surprisal(codec, args.corpus, found, rows, console)
        data["corpus"] = str(args.corpus)
    if args.against is not None:
        _add_agreement(codec, files, args.against, rows)
        data["against"] = str(args.against)
    if args.output is not None:
        _write(args.output, found.counts, rows)
        data["output"] = str(args.output)
    for sentence in found.skipped:
        console.note(f"left out: {sentence}")
    head = f"{codec.info.name}: {found.files} file{'s' * (found.files != 1)}, {found.seconds:.1f} s"
    return Result({**data, "books": rows}, f"{head}\n{_table(rows)}")


def _of_tokens(args: argparse.Namespace) -> Result:
    for name in ("corpus", "against"):
        if getattr(args, name) is not None:
            raise SpeefeareError(f"--{name} needs sound; give the recording instead of its token file.")
    info, encoded = token_file.read(args.files[0])
    if not encoded.code_groups:
        raise SpeefeareError(f"{args.files[0]} holds {info.content}, and no tokens to count.")
    counts = TokenCounts.none([size for size, _ in info.books[: info.depth]])
    counts.add([group[0].numpy() for group in encoded.code_groups])
    rows = [use_of(row, book).to_dict() for book, row in enumerate(counts.books, 1)]
    for row, (_, rate_hz) in zip(rows, info.books, strict=False):
        row["frame_rate_hz"] = rate_hz
    data: dict[str, Any] = {"codec": info.codec, "files": [str(args.files[0])], "seconds": info.length_s}
    if args.output is not None:
        _write(args.output, counts, rows)
        data["output"] = str(args.output)
    return Result({**data, "books": rows}, f"{info.codec}: {info.content}, {info.length_s:.1f} s\n{_table(rows)}")


def _files(paths: list[Path]) -> list[Path]:
    """Files as they are, folders as the sound files in them."""
    return [path for given in paths for path in (sound_files(given) if given.is_dir() else [given])]


def _add_surprisal(
    codec: Codec, folder: Path, found: CorpusCounts, rows: list[dict[str, Any]], console: Console
) -> None:
    files = _files([folder])
    corpus = finished(kept_counting(codec, files, lambda done, name: console.progress(done, f"counting {name}")))
    for row, counts, reference in zip(rows, found.counts.books, corpus.counts.books, strict=True):
        row["mean_surprisal_bits"] = mean_surprisal_bits(counts, reference)


def _add_agreement(codec: Codec, files: list[Path], other: Path, rows: list[dict[str, Any]]) -> None:
    """The share of equal tokens, moment by moment."""
    from speefeare_core.statistics.agreement import mean_known, same

    if len(files) != 1:
        raise SpeefeareError("--against compares two recordings; give one sound file and no folder.")
    first, second = _rows(codec, files[0]), _rows(codec, other)
    for index, row in enumerate(rows):
        rate_hz = codec.info.books[index].frame_rate_hz
        row["agreement"] = mean_known(same(first[index], rate_hz, second[index], rate_hz))


def _rows(codec: Codec, path: Path) -> list[NDArray[Any]]:
    from speefeare_core.cli.long_files import encode_file

    encoded = encode_file(codec, path, None, lambda done: None)
    return [row for group in encoded.code_groups for row in group[0].cpu().numpy()]


def _write(path: Path, counts: TokenCounts, rows: list[dict[str, Any]]) -> None:
    part = path.with_name(f".{path.name}.part")
    if path.suffix.lower() == ".csv":
        columns = list(rows[0])
        lines = [",".join(columns), *(",".join(_cell(row.get(name)) for name in columns) for row in rows)]
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        arrays = {f"book_{book:02d}_count": row for book, row in enumerate(counts.books, 1)}
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    part.replace(path)


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(rows: list[dict[str, Any]]) -> str:
    """For people: aligned columns."""
    more = [name for name in ("mean_surprisal_bits", "agreement") if name in rows[0]]
    titles = ["book", "entropy", "of", "ceiling", "perplexity", "used", "dead", "expected dead"]
    titles += [{"mean_surprisal_bits": "surprisal", "agreement": "agreement"}[name] for name in more]
    lines = [titles]
    for row in rows:
        line = [
            str(row["book"]),
            f"{row['entropy_bits']:.2f}",
            f"{row['bits']:.4g} bit",
            f"{row['ceiling_bits']:.2f}",
            f"{row['perplexity']:.1f}",
            f"{row['used']} of {row['size']}",
            str(row["dead"]),
            f"{row['dead_if_even']:.0f}",
        ]
        for name in more:
            value = row[name]
            line.append("–" if value is None else f"{value:.1%}" if name == "agreement" else f"{value:.2f} bit")
        lines.append(line)
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
