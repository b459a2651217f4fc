"""From what the engine says to what is true now: the one place that turns events into states.

Answers to requests that no longer count (another codec or clip was asked for meanwhile) are dropped here.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from workbench import commands, live_commands
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.client import GONE
from workbench.event_handlers import TOPICS
from workbench.live_events import LiveEvents
from workbench.state.clip import ClipData, Latents, Peaks, Render, Spectrogram
from workbench.state.derived_takes import PER_COLUMN, key_of

Events = protocol.Event


class EngineEvents:
    """Applies events to the states of one context. GUI thread only."""

    def __init__(self, context: Context) -> None:
        self.ctx = context
        self.live = LiveEvents(context, live_commands.catch_up)
        self._shown = 0  # the request whose progress is shown
        self._handlers: dict[type[Events], Callable[[Any], None]] = {
            protocol.EngineReady: self._engine_ready,
            protocol.Done: self._done,
            protocol.Failed: self._failed,
            protocol.Voided: self._voided,
            protocol.Progress: self._progress,
            protocol.Notice: self._notice,
            protocol.CodecLoaded: self._codec_loaded,
            protocol.SeamMeasured: self._seam_measured,
            protocol.ClipOpened: self._clip_opened,
            protocol.PeaksReady: self._peaks,
            protocol.SpectrogramReady: self._spectrogram,
            protocol.CodesReady: self._codes,
            protocol.LatentsReady: self._latents,
            protocol.RenderReady: self._render,
            protocol.Devices: self._devices,
            protocol.PlayerStopped: self._player_stopped,
            **self.live.handlers,
            **{kind: partial(handler, context) for topic in TOPICS for kind, handler in topic.handlers.items()},
        }

    def apply(self, events: list[Events], budget_s: float = 0.008) -> list[Events]:
        """Apply events in order, for about `budget_s`; gives back those that must wait for the next frame."""
        start = time.perf_counter()
        for index, event in enumerate(events):
            handler = self._handlers.get(type(event))
            if handler is not None:
                with contextlib.suppress(FileNotFoundError):  # its arrays were replaced: something newer is coming
                    handler(event)
            if time.perf_counter() - start > budget_s:
                return events[index + 1 :]
        return []

    def engine_died(self) -> None:
        """The process is gone: say so, stop what depended on it, keep the documents."""
        ctx = self.ctx
        ctx.playback.seek_request = 0
        ctx.playback.update(playing=False)
        ctx.codec.request = ctx.codec.seam_request = 0
        self.live.engine_died()
        for topic in TOPICS:
            if topic.engine_died is not None:
                topic.engine_died(ctx)
        if ctx.codec.loading:
            ctx.codec.set_loading("")
        ctx.clip.in_engine = False
        ctx.clip.depth_requests.clear()
        ctx.clip.set_progress("", 0.0)
        ctx.engine.set_status("dead")

    # -- the engine itself ------------------------------------------------------------------------------------------
    def _engine_ready(self, event: protocol.EngineReady) -> None:
        ctx = self.ctx
        ctx.engine.devices, ctx.engine.torch_version = event.devices, event.torch_version
        ctx.engine.start_s = event.start_s
        ctx.engine.set_status("ready")
        commands.refresh_devices(ctx)
        commands.set_output(ctx, ctx.settings.output_device)
        commands.set_volume(ctx, ctx.settings.volume_db)
        if ctx.codec.wanted:
            commands.load_codec(ctx, ctx.codec.wanted, ctx.codec.wanted_device)

    def _done(self, event: protocol.Done) -> None:
        ctx = self.ctx
        if event.request_id == ctx.clip.request:
            ctx.clip.complete = True
            ctx.clip.set_progress("", 1.0)
        self._forget(event)

    def _failed(self, event: protocol.Failed) -> None:
        ctx = self.ctx
        self.live.failed(event)
        if event.request_id == ctx.codec.request:
            self._codec_not_loaded()
        elif event.request_id == ctx.clip.request:
            ctx.clip.set_progress("", 0.0)
            ctx.clip.wanted = ctx.clip.data.path  # the document before stays the document
        self._forget(event)
        if event.sentence != GONE:  # that is told once, with the death of the engine
            ctx.engine.failures.append(event.sentence)
            ctx.engine.add_message(event.sentence)

    def _voided(self, event: protocol.Voided) -> None:
        if event.request_id == self.ctx.codec.request:
            self._codec_not_loaded()
        elif event.request_id == self.ctx.clip.request:
            self.ctx.clip.set_progress("", 0.0)
        self._forget(event)

    def _forget(self, event: protocol.Done | protocol.Failed | protocol.Voided) -> None:
        ctx, request_id = self.ctx, event.request_id
        self.live.done(request_id)
        for topic in TOPICS:
            if topic.ended is not None:
                topic.ended(ctx, event)
        if request_id and request_id == ctx.codec.seam_request:
            ctx.codec.set_seam(ctx.codec.seam)
        if request_id == ctx.playback.seek_request:
            ctx.playback.seek_request = 0
        for depth, request in list(ctx.clip.depth_requests.items()):
            if request == request_id:
                del ctx.clip.depth_requests[depth]
                if ctx.clip.complete and not ctx.clip.depth_requests:
                    ctx.clip.set_progress("", 1.0)
        if request_id and request_id == self._shown and ctx.clip.complete and not ctx.clip.depth_requests:
            ctx.clip.set_progress("", 1.0)

    def _progress(self, event: protocol.Progress) -> None:
        if self.ctx.clip.expects(event.request_id) or event.request_id == self.ctx.codec.request:
            self._shown = event.request_id
            self.ctx.clip.set_progress(event.stage, event.done / event.total if event.total else 0.0)

    def _notice(self, event: protocol.Notice) -> None:
        self.ctx.engine.add_message(event.sentence)

    # -- codec and clip ---------------------------------------------------------------------------------------------
    def _codec_loaded(self, event: protocol.CodecLoaded) -> None:
        ctx = self.ctx
        if event.request_id != ctx.codec.request:
            return
        ctx.codec.request = 0
        ctx.clip.in_engine = False
        ctx.settings.add_recent_codec(ctx.codec.wanted)
        ctx.codec.set_codec(event.info, event.device, event.long_words, event.has_seam)
        depth = ctx.playback.depth
        if depth < PER_COLUMN:
            depth = min(depth, ctx.codec.full)
        ctx.playback.update(depth=depth, blind_order=(), revealed_order=())
        self.live.codec_loaded()
        for topic in TOPICS:
            if topic.codec_changed is not None:
                topic.codec_changed(ctx)
        if ctx.clip.wanted:
            commands.process_clip(ctx)
        else:
            ctx.clip.set_progress("", 0.0)

    def _seam_measured(self, event: protocol.SeamMeasured) -> None:
        if event.request_id == self.ctx.codec.seam_request:
            self.ctx.codec.set_seam(event.report)

    def _codec_not_loaded(self) -> None:
        """The codec before stays; the clip whose processing made way for the load goes on."""
        ctx = self.ctx
        ctx.codec.request = 0
        ctx.codec.wanted = ctx.codec.info.source if ctx.codec.info else ""
        ctx.codec.set_loading("")
        unfinished = not ctx.clip.complete or ctx.clip.wanted != ctx.clip.data.path
        if ctx.codec.info is not None and ctx.clip.wanted and unfinished:
            commands.process_clip(ctx)
        else:
            ctx.clip.set_progress("", 0.0)

    def _clip_opened(self, event: protocol.ClipOpened) -> None:
        ctx = self.ctx
        if not ctx.clip.expects(event.request_id):
            return
        audio = ctx.client.array(event.audio)
        before = ctx.clip.data
        data = ClipData(
            path=event.path,
            file_rate_hz=event.file_rate_hz,
            file_channels=event.file_channels,
            file_encoding=event.file_encoding,
            rate_hz=event.rate_hz,
            channels=audio.shape[0],
            length_samples=audio.shape[1],
            loudness_lufs=event.loudness_lufs,
            long=event.long,
        )
        data.renders[0] = Render(0, audio)
        same = before.path == event.path and before.rate_hz > 0
        scale = event.rate_hz / before.rate_hz if same else 0.0
        loop = ctx.playback.loop
        position = min(round(ctx.playback.position * scale), max(0, data.length_samples - 1))
        kept = (round(loop[0] * scale), min(round(loop[1] * scale), data.length_samples)) if same and loop else None
        looping = ctx.playback.looping and kept is not None
        ctx.playback.position = position
        ctx.playback.update(loop=kept, looping=looping, playing=False, blind_order=(), revealed_order=())
        ctx.settings.add_recent_clip(event.path)
        ctx.clip.in_engine = True
        ctx.clip.open(data)
        for topic in TOPICS:
            if topic.clip_changed is not None:
                topic.clip_changed(ctx)
        if not same:
            ctx.time_view.set_length(data.length_s)
        if position:
            commands.seek(ctx, position)
        if looping and kept:
            commands.set_loop(ctx, *kept)
        heard = key_of(ctx.playback.depth)  # edits were of the clip before
        commands.select_depth(ctx, heard.of if heard.kind == "edited" else ctx.playback.depth)

    def _peaks(self, event: protocol.PeaksReady) -> None:
        if self.ctx.clip.expects(event.request_id):
            self.ctx.clip.add_peaks(event.depth, Peaks(self.ctx.client.array(event.peaks), event.block_samples))

    def _spectrogram(self, event: protocol.SpectrogramReady) -> None:
        if self.ctx.clip.expects(event.request_id) and event.settings == self.ctx.spectrogram.settings:
            image = self.ctx.client.array(event.spectrogram)
            pyramid = None if event.pyramid is None else self.ctx.client.array(event.pyramid)
            spectrogram = Spectrogram(
                image, event.columns_done, event.hop_samples, event.rate_hz, event.floor_db, event.top_db, pyramid
            )
            self.ctx.clip.set_spectrogram(event.depth, spectrogram)

    def _codes(self, event: protocol.CodesReady) -> None:
        if self.ctx.clip.expects(event.request_id):
            groups = tuple(self.ctx.client.array(ref) for ref in event.groups)
            self.ctx.clip.set_codes(groups, event.frame_rates_hz)

    def _latents(self, event: protocol.LatentsReady) -> None:
        if self.ctx.clip.expects(event.request_id):
            array = self.ctx.client.array
            after = None if event.after is None else array(event.after)
            self.ctx.clip.set_latents(
                Latents(array(event.before), after, event.frame_rate_hz, event.explained, event.basis)
            )

    def _render(self, event: protocol.RenderReady) -> None:
        if self.ctx.clip.expects(event.request_id):
            audio = self.ctx.client.array(event.audio)
            self.ctx.columns.forget_metrics(event.depth)
            self.ctx.clip.add_render(
                Render(event.depth, audio, event.gain_db, event.delay_samples, event.si_sdr_db, event.bitrate_kbps)
            )

    # -- sound ------------------------------------------------------------------------------------------------------
    def _devices(self, event: protocol.Devices) -> None:
        self.ctx.live.update(inputs=event.inputs, outputs=event.outputs, device_problem=event.problem)
        self.ctx.playback.devices_changed.emit()

    def _player_stopped(self, event: protocol.PlayerStopped) -> None:
        self.ctx.playback.update(playing=False)
