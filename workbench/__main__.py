"""speefeare-workbench [FILE …] [--codec SOURCE] [--panel NAME] [--capture DIR] …

Imports nothing heavy, so that the arguments are checked at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from speefeare_core import __version__


class _Parser(argparse.ArgumentParser):
    """Bad usage is one plain sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help.\n")


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = _Parser(
        prog="speefeare-workbench", description="See, hear and talk through neural speech codecs.", allow_abbrev=False
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="a sound file to open, or a codec file or folder")
    parser.add_argument("--codec", default="", metavar="SOURCE", help="a shipped codec's name, a file or a folder")
    parser.add_argument("--panel", default="", metavar="NAME", help="the panel to bring to the front")
    parser.add_argument("--device", default="", metavar="DEV", help="auto, cpu, cuda, cuda:1 or mps")
    themes = ("light", "dark", "projector")
    parser.add_argument("--theme", default="", choices=themes, help="instead of the remembered one")
    parser.add_argument("--sample", action="store_true", help="open the shipped sentence where no FILE is given")
    parser.add_argument(
        "--capture", default="", metavar="DIR", help="do the main job on FILE, save pictures and sounds, and leave"
    )
    parser.add_argument(
        "--timeout", type=float, default=120.0, metavar="S", help="a capture gives up after so long without progress"
    )
    parser.add_argument("--version", action="version", version=f"speefeare-workbench {__version__}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the workbench; gives the exit code (0: finished; 1: it did not work; 2: bad input)."""
    args = build_parser().parse_args(argv)
    headless = sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if headless and not os.environ.get("QT_QPA_PLATFORM"):
        if not args.capture:
            print("speefeare-workbench: there is no display here; --capture DIR works without one.", file=sys.stderr)
            return 1
        os.environ["QT_QPA_PLATFORM"] = "offscreen"

    from workbench.app import Options, run

    options = Options(
        files=tuple(args.files),
        codec=args.codec,
        panel=args.panel,
        device=args.device,
        theme=args.theme,
        sample=args.sample,
        capture=args.capture,
        timeout_s=args.timeout,
    )
    if args.capture:
        from workbench.capture import capture

        return run(options, capture)
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
