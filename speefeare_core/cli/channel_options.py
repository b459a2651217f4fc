"""Options of a channel between encoder and decoder. Books are counted from 1, as depths are."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.cli.options import depth_list
from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError


@dataclass(frozen=True)
class ChannelChoice:
    """What was asked for."""

    settings: ChannelSettings
    freeze: tuple[tuple[int, float], ...]  # book from 0, seconds
    books: tuple[int, ...] | None  # to decode, from 0; None: the first `depth`

    @property
    def asked(self) -> bool:
        """Whether anything is to happen between encoder and decoder."""
        return bool(not self.settings.clean or self.freeze or self.books)


def add_channel(parser: argparse.ArgumentParser) -> None:
    """`--loss` and what belongs to it."""
    rows = parser.add_argument_group("channel", "what happens to the codes between encoder and decoder")
    rows.add_argument("--loss", metavar="SHARE", type=_share, default=0.0, help="lost packets, 0.05 or 5%% (none)")
    rows.add_argument("--burst", metavar="N", type=float, default=1.0, help="mean run of lost packets (1: independent)")
    rows.add_argument("--packet-frames", metavar="N", type=_whole, default=1, help="frames in a packet (1)")
    rows.add_argument("--bit-errors", metavar="SHARE", type=_share, default=0.0, help="flipped bits, 0.001 or 0.1%%")
    rows.add_argument("--no-conceal", action="store_true", help="silence for what is lost, instead of filling it in")
    rows.add_argument(
        "--freeze-book", metavar="BOOK[@S]", type=_freeze, action="append", default=[],
        help="this book keeps the entry that it has after S seconds (0); may be given again",
    )  # fmt: skip
    rows.add_argument("--books", metavar="LIST", type=depth_list, help="decode with just these books, such as 1 or 2-8")
    rows.add_argument("--seed", metavar="N", type=_whole, default=0, help="of losses and flipped bits (0)")


def channel_choice(args: argparse.Namespace) -> ChannelChoice:
    """From what `add_channel` added."""
    settings = ChannelSettings(
        args.loss, args.burst, args.packet_frames, not args.no_conceal, args.bit_errors, seed=args.seed
    )
    books = None if args.books is None else tuple(sorted({book - 1 for book in args.books}))
    return ChannelChoice(settings, tuple(args.freeze_book), books)


def check_books(info: CodecInfo, books: tuple[int, ...] | None, depth: int) -> None:
    """Raise `SpeefeareError` for books to decode that are not there."""
    if books is None:
        return
    if not info.books:
        raise SpeefeareError(f"{info.name} has no codebooks to choose from; leave --books out.")
    missing = [book + 1 for book in books if not 0 <= book < depth]
    if missing:
        there = f"books 1 to {depth}" if depth > 1 else "book 1 alone"
        raise SpeefeareError(f"Book {missing[0]} is not there to decode: {info.name} gives {there}.")


def _share(text: str) -> float:
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no share such as 0.05 or 5%") from None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _freeze(text: str) -> tuple[int, float]:
    book, _, seconds = text.partition("@")
    try:
        found = int(book) - 1, float(seconds or 0)
    except ValueError:
        found = 0, -1.0
    if not 0 <= found[1] < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no book such as 2, or 2@1.5 for after 1.5 seconds")
    return found
