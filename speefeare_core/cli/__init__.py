"""The command line, `speefeare …`: every capability without a window.

To add a command: one module here (or anywhere in the core) and one row in `commands.COMMANDS`; another package
names its row in an entry point (`plugins`). The module has

    def add(parser: argparse.ArgumentParser) -> None
        # its own arguments; --json is already there (and --codec, --device: `options.add_codec(parser)`)
    def run(args: argparse.Namespace, console: Console) -> Result
        # does the work; Result(data, text, exit_code=0), all from speefeare_core.cli.console

`Result.data` is a JSON-ready dict, printed as one object with --json; `Result.text` is what people read otherwise.
`console.progress(fraction, words)` shows progress on stderr where that is a terminal, and nothing elsewhere;
`console.note(words)` is a line on stderr. Nothing else prints. A module is imported only when its command runs, so it
may import what it needs at the top.

Exit codes: 0 finished, 2 bad usage or input (`SpeefeareError`), 1 the work failed (anything else, or a `Result` that
says so), 3 a training run that was stopped and can go on, 130 stopped by Ctrl-C. Every error is one plain sentence on
stderr, and {"error": …} on stdout with --json.
"""

from speefeare_core.cli.commands import main

__all__ = ["main"]
