"""`speefeare live`: speak, and hear it through a codec; the counters of the live tab, without a window."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import add_codec, add_depth
from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans.modes import EXACT, MODES
from workbench.cli import live_report
from workbench.cli.engine_talk import EngineTalk, engine_talk
from workbench.engine import protocol
from workbench.state.sound import GENERATORS

BLOCK_S = 2.0  # of a codec that cannot stream, where --buffered says nothing
SHOW_S = 1.0
RECORDED_S = 10.0  # the longest that the files of a recording are waited for
MUTED = "Live is muted; put on headphones and add --unmute to hear yourself through the codec."
HEADPHONES = "The loudspeaker is open; with a microphone use headphones, or it will hear itself."
OFFERED = (1, 2, 4, 8)  # frames a step that --estimate tries


def add(parser: argparse.ArgumentParser) -> None:
    """Where from, where to, through what, and how long."""
    add_codec(parser)
    add_depth(parser)
    parser.add_argument("--list", action="store_true", help="list the sound devices and leave")
    parser.add_argument("--estimate", action="store_true", help="time the codec at several frames a step and leave")
    parser.add_argument("--input", metavar="NAME", default=protocol.DEFAULT_DEVICE, help="microphone (default)")
    parser.add_argument("--output", metavar="NAME", default=protocol.DEFAULT_DEVICE, help="loudspeaker (default)")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--file", metavar="FILE", type=Path, help="a sound file speaks instead of the microphone")
    source.add_argument(
        "--generator", metavar="NAME", choices=GENERATORS, help=f"a test signal: {', '.join(GENERATORS)}"
    )
    parser.add_argument("--loop", action="store_true", help="the file starts again at its end")
    parser.add_argument("--tone-hz", metavar="HZ", type=_number(1, 20_000), default=440.0, help="of the sine (440)")
    parser.add_argument(
        "--seconds", metavar="S", type=_number(0.1, 1e6), help="end after so long (Ctrl+C, or the file's end)"
    )
    parser.add_argument("--unmute", action="store_true", help="open the loudspeaker; it starts muted")
    parser.add_argument(
        "--frames-per-step", metavar="N", type=_whole(1, 1000), default=1, help="codec frames in a step (1)"
    )
    parser.add_argument(
        "--queue-frames", metavar="N", type=_whole(1, 1000), default=6, help="skip frames above this (6)"
    )
    parser.add_argument(
        "--latency-ms", metavar="MS", type=_number(1, 1000), help="ask this of the sound devices (60; less may stutter)"
    )
    parser.add_argument("--mode", choices=[row.key for row in MODES], default=EXACT, help=f"number format ({EXACT})")
    parser.add_argument(
        "--buffered", metavar="S", type=_number(0, 60), help="code blocks of this length (0: as a stream)"
    )
    parser.add_argument(
        "--mix", metavar="SHARE", type=_number(0, 1), default=1.0, help="0: the input alone, 1: the codec"
    )
    parser.add_argument(
        "--loss", metavar="SHARE", type=_number(0, 1), default=0.0, help="share of packets that are lost"
    )
    parser.add_argument(
        "--burst", metavar="PACKETS", type=_number(1, 1000), default=1.0, help="mean length of a loss (1)"
    )
    parser.add_argument("--packet", metavar="FRAMES", type=_whole(1, 1000), default=1, help="frames in a packet (1)")
    parser.add_argument("--no-concealment", action="store_true", help="lost packets are silence")
    parser.add_argument(
        "--bit-errors", metavar="SHARE", type=_number(0, 1), default=0.0, help="share of bits that flip"
    )
    parser.add_argument(
        "--record", metavar="FOLDER", type=Path, help="record input, output, codes and timing into a new folder"
    )
    parser.add_argument("--round-trip", action="store_true", help="measure the round trip with a chirp, aloud")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Exit code 1 where live ended by itself for a reason, 130 where Ctrl+C came before --seconds were over."""
    if args.file is not None and not args.file.is_file():
        raise SpeefeareError(f"{args.file} is not there; name a sound file that exists.")
    if args.record is not None and args.record.exists():
        raise SpeefeareError(f"{args.record} is there already; give the recording a folder of its own.")
    with engine_talk(console) as talk:
        if args.list:
            talk.ask(protocol.ListDevices())
            found = talk.last(protocol.Devices)
            assert found is not None
            return Result(*live_report.devices(found))
        talk.ask(protocol.LoadCodec(args.codec, args.device))
        loaded = talk.last(protocol.CodecLoaded)
        assert loaded is not None
        loaded.info.check_depth(args.depth)
        if args.estimate:
            return _estimate(talk, args)
        return _live(talk, args, console, loaded.info)


def _estimate(talk: EngineTalk, args: argparse.Namespace) -> Result:
    frames = tuple(sorted({*OFFERED, args.frames_per_step}))
    talk.ask(protocol.EstimateLive(frames, (args.mode,)))
    found = talk.last(protocol.LiveEstimated)
    assert found is not None
    return Result(*live_report.estimate(found))


def _live(talk: EngineTalk, args: argparse.Namespace, console: Console, info: CodecInfo) -> Result:
    talk.ask(_start(args, info))
    started = talk.last(protocol.LiveStarted)
    assert started is not None
    if not args.unmute:
        console.note(MUTED)
    elif args.file is None and args.generator is None:
        console.note(HEADPHONES)
    if args.record is not None:
        talk.ask(protocol.RecordLive(str(args.record)))
    begun = time.monotonic()
    interrupted = False
    try:
        if args.round_trip:
            talk.ask(protocol.MeasureRoundTrip())
        _watch(talk, args.seconds, started, info, begun, console)
    except KeyboardInterrupt:
        interrupted = True
    seconds = time.monotonic() - begun
    data = live_report.counters(_status(talk), started, info)
    if args.record is not None and talk.last(protocol.LiveStopped) is None:
        talk.ask(protocol.RecordLive(None))
    recorded = talk.expect(protocol.LiveRecorded, RECORDED_S) if args.record is not None else None
    talk.ask(protocol.StopLive())
    started = talk.last(protocol.LiveStarted) or started
    stopped = talk.last(protocol.LiveStopped)
    reason = stopped.reason if stopped is not None else ""
    trip = talk.last(protocol.RoundTripMeasured)
    corrected = talk.last(protocol.LiveLatency)
    parts = started.latency if corrected is None else corrected.latency
    data = {
        "codec": info.name,
        "rate_hz": info.rate_hz,
        "depth": info.check_depth(args.depth),
        "mode": started.plan.mode if started.plan is not None else args.mode,
        "input": started.input_device,
        "output": started.output_device,
        "seconds": seconds,
        "frames_per_step": started.step_frames,
        **data,
        "latency": live_report.latency_rows(parts, started.rate_hz),
        "latency_ms": 1000 * sum(part.samples for part in parts) / started.rate_hz,
        "round_trip": _trip(trip),
        "recorded": {"folder": recorded.folder, "seconds": recorded.seconds} if recorded is not None else None,
        "notes": list(started.notes),
        "notices": list(talk.notices),
        "reason": reason,
    }
    early = interrupted and args.seconds is not None
    return Result(data, live_report.report(data), exit_code=130 if early else 1 if reason else 0)


def _start(args: argparse.Namespace, info: CodecInfo) -> protocol.StartLive:
    elsewhere = args.file is not None or args.generator is not None
    buffered = args.buffered if args.buffered is not None else 0.0 if info.streamable else BLOCK_S
    return protocol.StartLive(
        input=protocol.VIRTUAL_DEVICE if elsewhere else args.input,
        output=args.output,
        file=None if args.file is None else str(args.file),
        loop_file=args.loop,
        depth=args.depth,
        muted=not args.unmute,
        frames_per_step=args.frames_per_step,
        max_queue_frames=args.queue_frames,
        generator=args.generator,
        tone_hz=args.tone_hz,
        mode=args.mode,
        buffered_s=buffered,
        device_latency_s=(args.latency_ms or 0.0) / 1000,
        mix=args.mix,
        channel=ChannelSettings(
            loss=args.loss,
            burst_packets=args.burst,
            packet_frames=args.packet,
            conceal=not args.no_concealment,
            bit_errors=args.bit_errors,
        ),
    )


def _watch(
    talk: EngineTalk,
    seconds: float | None,
    started: protocol.LiveStarted,
    info: CodecInfo,
    begun: float,
    console: Console,
) -> None:
    """Show the counters every second until the time is over or live has ended."""
    shown = begun
    while talk.last(protocol.LiveStopped) is None:
        now = time.monotonic()
        if seconds is not None and now - begun >= seconds:
            return
        if now - shown >= SHOW_S:
            shown = now
            console.status(live_report.line(now - begun, live_report.counters(_status(talk), started, info)))
        talk.listen()


def _status(talk: EngineTalk) -> dict[str, float]:
    status = talk.client.live_status
    assert status is not None  # it came with EngineReady
    return {name: status[name] for name in protocol.LIVE_STATUS}


def _trip(event: protocol.RoundTripMeasured | None) -> dict[str, Any] | None:
    if event is None:
        return None
    return {
        "measured_samples": event.measured_samples,
        "predicted_samples": event.predicted_samples,
        "measured_ms": 1000 * event.measured_samples / event.rate_hz,
        "predicted_ms": 1000 * event.predicted_samples / event.rate_hz,
        "certainty": event.certainty,
    }


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {low:g} to {high:g}")
        return value

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {low} to {high}")
        return int(text)

    return parse
