"""The table of commands, and `main`, which runs one of them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from speefeare_core import __version__
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.plugins import CommandPlugins, command_plugins, words
from speefeare_core.cli.table import Command
from speefeare_core.errors import Cancelled, SpeefeareError

COMMANDS = (
    Command("codecs", "list the codecs that are shipped", "speefeare_core.cli.codecs"),
    Command("catalog", "list, download and remove public checkpoints", "speefeare_core.cli.catalog"),
    Command("info", "what a codec, a sound file, a token file or a session is", "speefeare_core.cli.info"),
    Command("encode", "sound to tokens", "speefeare_core.cli.encode"),
    Command("decode", "tokens to sound", "speefeare_core.cli.decode"),
    Command("edit", "a list of token edits, replayed on a recording", "speefeare_core.cli.edit"),
    Command("roundtrip", "sound through a codec to sound", "speefeare_core.cli.roundtrip"),
    Command("replay", "a recorded live session once more, and compare", "speefeare_core.cli.replay"),
    Command("generate", "a test signal: sine, sweep, noise like speech", "speefeare_core.cli.generate"),
    Command("evaluate", "measure a codec on sound files, at every depth", "speefeare_core.cli.evaluate"),
    Command("latents", "recordings as paths through latent space", "speefeare_core.cli.latents"),
    Command("ladder", "what each codebook leaves over and adds, on a sound file", "speefeare_core.cli.ladder"),
    Command("codes", "how the books are used: entropy, perplexity, dead codes", "speefeare_core.cli.codes"),
    Command("compare", "one sound file through several codecs, every depth", "speefeare_core.cli.compare"),
    Command("spectrogram", "levels, pitch and formants of a sound file, or of two", "speefeare_core.cli.spectrogram"),
    Command("bench", "time the steps of a live stream, plain and compiled, or of training", "speefeare_core.cli.bench"),
    Command("export", "write a codec as .safetensors or ONNX, and compare", "speefeare_core.cli.export"),
    Command("document", "what a document of the workbench holds, its edits replayed", "speefeare_core.cli.document"),
    Command("phones", "what the books of codecs know of phones", "speefeare_core.cli.phones"),
    Command("teachers", "frozen networks that codecs learn from, and their features", "speefeare_core.cli.teachers"),
    Command("doctor", "check what this computer has and what is missing", "speefeare_core.cli.doctor"),
    Command("lesson", "what the words of the field mean", "speefeare_core.cli.lesson"),
    Command("data", "check, repair, list and pack speech for training", "speefeare_core.cli.data"),
    Command("recipes", "training recipes: paper, official code and small, side by side", "speefeare_core.cli.recipes"),
    Command("study", "train small codecs that differ in one thing, and compare", "speefeare_core.cli.study"),
    Command("train", "train a codec by a recipe", "speefeare_core.cli.train"),
    Command("card", "the card of a trained codec, from its run and its evaluations", "speefeare_core.cli.card"),
    Command("runs", "training runs: list, show, stop, kill, resume, clone, queue", "speefeare_core.cli.runs"),
)


class _Parser(argparse.ArgumentParser):
    """Bad usage is a plain sentence too."""

    def error(self, message: str) -> NoReturn:
        raise SpeefeareError(f"{message}; see {self.prog} --help.")


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The parser. Only the module of the command that `argv` names is imported.

    Plug-ins are looked for where none of our own commands is asked for. Raises `SpeefeareError` for a broken one.
    """
    asked = next((word for word in argv if not word.startswith("-")), None)
    names = {command.name for command in COMMANDS}
    others = CommandPlugins((), {}) if asked in names else command_plugins(names)
    if asked in others.problems:
        raise SpeefeareError(others.problems[str(asked)])
    parser = _Parser(
        prog="speefeare",
        description="Neural speech codecs on the command line.",
        epilog=" ".join(others.problems.values()) or None,
    )
    parser.add_argument("--version", action="version", version=f"speefeare {__version__}")
    rows = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (*COMMANDS, *others.commands):
        row = rows.add_parser(command.name, help=command.help, description=f"{command.help.capitalize()}.")
        row.add_argument("--json", action="store_true", help="print one JSON object, also for errors")
        if command.name == asked:
            module = _imported(command, own=command.name in names)
            module.add(row)
            row.set_defaults(run=module.run)
    return parser


def _imported(command: Command, own: bool) -> ModuleType:
    """The module of a command; `own` ones are ours, whose failure is a fault and not a broken plug-in."""
    try:
        return import_module(command.module)
    except (Exception, SystemExit) as error:
        if own:
            raise
        raise SpeefeareError(f"The command plug-in {command.name} cannot be used: {words(error)}.") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    # Before torch loads: on a busy machine, threads that wait by spinning take eight times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    argv = sys.argv[1:] if argv is None else list(argv)
    as_json = "--json" in argv
    console = Console()
    try:
        args = build_parser(argv).parse_args(argv)
        result: Result = args.run(args, console)
        console.clear()
        _print(json.dumps(result.data, ensure_ascii=False) if as_json else result.text)
        return result.exit_code
    except (KeyboardInterrupt, Cancelled):
        return _fail("Stopped; nothing was left half-written.", 130, as_json, console)
    except SpeefeareError as error:
        return _fail(str(error), 2, as_json, console)
    except BrokenPipeError:  # the reader of stdout has gone; nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except PermissionError as error:
        return _fail(f"{error.filename} cannot be used: you may not read or write it.", 2, as_json, console)
    except MemoryError:
        return _fail("The computer ran out of memory; use a shorter file or a smaller codec.", 1, as_json, console)
    except Exception as error:
        if os.environ.get("SPEEFEARE_DEBUG"):
            raise
        words = " ".join(str(error).split()) or "no details"
        return _fail(
            f"The command failed unexpectedly ({type(error).__name__}: {words}); set SPEEFEARE_DEBUG=1 to see where.",
            1,
            as_json,
            console,
        )


def _fail(sentence: str, code: int, as_json: bool, console: Console) -> int:
    sentence = sentence.replace("\n", " ")
    console.note(f"speefeare: {sentence}")
    if as_json:
        _print(json.dumps({"error": sentence}, ensure_ascii=False))
    return code


def _print(text: str) -> None:
    if text:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
