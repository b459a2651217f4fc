"""`speefeare document`: what a document of the workbench holds; its edits replayed to sound."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from speefeare_core import audio
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import SOUND_ENDINGS, add_codec, add_depth, check_not_same, check_target
from speefeare_core.documents import reader
from speefeare_core.documents.describing import describe, sound_of, words
from speefeare_core.documents.format import Document
from speefeare_core.errors import SpeefeareError


def add(parser: argparse.ArgumentParser) -> None:
    """`FILE`, `--output`."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a document of the workbench (.speefeare)")
    parser.add_argument(
        "--output", metavar="SOUND", type=Path, help="replay the edits of the document into this sound file"
    )
    parser.add_argument(
        "--raw", action="store_true", help="as decoded, not at the level of the original as it is heard in the window"
    )
    parser.add_argument("--audio", metavar="SOUND", type=Path, help="a sound file in the place of the document's")
    parser.add_argument("--extract", metavar="SOUND", type=Path, help="write the sound file that lies in the document")
    add_codec(parser, default=None)
    add_depth(parser)


def run(args: argparse.Namespace, console: Console) -> Result:
    """Describe it; write what is asked for."""
    document = reader.read(args.file)
    data = describe(args.file, document)
    lines = [words(data)]
    if args.extract is not None:
        check_target(args.extract, (Path(document.audio.name).suffix.lower() if document.audio else ".wav",))
        for share in reader.extract_audio(args.file, args.extract):
            console.progress(share, "taking the sound out")
        data["extracted"] = str(args.extract)
        lines.append(f"{args.extract}: the sound file")
    if args.output is not None:
        check_target(args.output, SOUND_ENDINGS)
        with _sound(args, document) as sound:
            check_not_same(sound, args.output)
            data["output"] = _replay(args, document, sound, console)
        lines.append(f"{args.output}: {data['edits'] or 'no'} edits replayed")
    return Result(data, "\n".join(lines))


def _replay(args: argparse.Namespace, document: Document, sound: Path, console: Console) -> dict[str, object]:
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.editing import EditList, edit_file
    from speefeare_core.editing.replaying import replay

    edits = EditList()
    if "edits" in document.parts:
        edits = edit_file.from_dict(document.parts["edits"], f"The edit list in {args.file.name}")
    named = document.parts.get("codec")
    source = args.codec or (named.get("source") if isinstance(named, dict) else None)
    if not isinstance(source, str) or not source:
        raise SpeefeareError(f"{args.file} names no codec; give one by --codec.")
    codec = load_codec(source, args.device)
    found = replay(codec, sound, edits, args.depth, raw=args.raw, progress=console.progress)
    with audio.Writer(args.output, codec.info.rate_hz, codec.info.channels) as writer:
        writer.write(found.samples)
    return {
        "file": str(args.output),
        "codec": codec.info.name,
        "depth": codec.info.check_depth(args.depth) if codec.info.books else 0,
        "rate_hz": codec.info.rate_hz,
        "length_samples": int(found.samples.shape[1]),
        "gain_db": found.match.gain_db,
        "delay_samples": found.match.delay_samples,
    }


@contextmanager
def _sound(args: argparse.Namespace, document: Document) -> Iterator[Path]:
    """The sound file: the one given, the embedded one (for as long as it is needed), or the one that is named."""
    if args.audio is not None:
        yield args.audio
    elif document.audio is not None:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / (Path(document.audio.name.replace("\\", "/")).name or "sound.wav")
            for _ in reader.extract_audio(args.file, target):
                pass
            yield target
    else:
        outside = sound_of(args.file, document)
        if outside is None:
            raise SpeefeareError(f"The sound file of {args.file} is not there; give it by --audio.")
        yield outside
