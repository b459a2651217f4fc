"""Live: talk through the codec, see and hear it at once, with every delay and loss in view."""

from __future__ import annotations

import dataclasses
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from workbench import commands, dialogs, live_commands
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.state.live_setup import FILE, LiveSetup
from workbench.widgets import live_words
from workbench.widgets.counter_row import CounterRow
from workbench.widgets.figure import Figure
from workbench.widgets.group import Group
from workbench.widgets.live_channel import LiveChannel
from workbench.widgets.live_codec import LiveCodec
from workbench.widgets.live_column import LiveColumn
from workbench.widgets.live_figures import live_figures
from workbench.widgets.live_latency import LiveLatency
from workbench.widgets.live_pictures import LivePictures
from workbench.widgets.live_sound import LiveSound
from workbench.widgets.live_transport import LiveTransport
from workbench.widgets.live_usage import HALF_LIVES_S
from workbench.widgets.live_views import LiveViews

UNSEEN_MS = 1000  # without a frame for so long: nobody looks, so nothing is computed for the views


class LivePanel(Panel):
    """Everything that moves is pulled from the taps in `refresh`, so a hidden panel costs nothing."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.transport = LiveTransport()
        self.sound, self.codec, self.channel, self.latency = LiveSound(), LiveCodec(), LiveChannel(), LiveLatency()
        titles = {"Sound": self.sound, "Codec": self.codec, "Channel": self.channel, "Latency": self.latency}
        self.groups = {title: Group(title, content) for title, content in titles.items()}
        self.column = LiveColumn(self.transport, tuple(self.groups.values()))
        self.views = LiveViews()
        self.counters = CounterRow()
        self.pictures = LivePictures(context.live, self.views)
        self._file = ""
        self._looked = False  # somebody looks at the views
        self._unseen = QTimer(self)
        self._unseen.setSingleShot(True)
        self._unseen.setInterval(UNSEEN_MS)
        self._unseen.timeout.connect(self._not_seen)
        right = QVBoxLayout()
        right.setSpacing(4)
        right.addWidget(self.views, 1)
        right.addWidget(self.counters)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.addWidget(self.column)
        row.addLayout(right, 1)
        settings, live = context.settings, context.live
        live.setup = dataclasses.replace(live.setup, source=settings.live_input, output=settings.live_output)
        self._connect()
        self._show()
        self._show_counters()

    def _connect(self) -> None:
        ctx, live = self.context, self.context.live
        transport, sound, codec, channel, latency = (
            self.transport, self.sound, self.codec, self.channel, self.latency
        )  # fmt: skip
        transport.start.clicked.connect(lambda: live_commands.toggle_live(ctx))
        transport.mute.clicked.connect(lambda: self._wish(muted=not live.muted))
        transport.bypass.clicked.connect(lambda: self._wish(bypass=not live.bypass))
        transport.record.clicked.connect(lambda: self._then_show(live_commands.toggle_record))
        sound.source.activated.connect(lambda: self._choose_source(sound.source.value))
        sound.output.activated.connect(lambda: live_commands.choose_devices(ctx, output=sound.output.value))
        sound.tone.valueChanged.connect(lambda hz: live_commands.choose_tone(ctx, float(hz)))
        sound.file.clicked.connect(self._choose_file)
        sound.look.clicked.connect(lambda: commands.refresh_devices(ctx))
        sound.gains_changed.connect(self._set_gains)
        codec.depth.valueChanged.connect(lambda depth: self._wish(depth=depth))
        codec.books.toggled.connect(lambda book: live_commands.toggle_book(ctx, book))
        codec.books.frozen.connect(lambda book: live_commands.freeze_book(ctx, book))
        codec.books.alone.connect(lambda book: live_commands.solo_book(ctx, book))
        codec.role_chosen.connect(lambda books: self._then_show(live_commands.set_books, books))
        codec.mode.activated.connect(lambda: self._wish(mode=codec.mode.value))
        codec.mix_changed.connect(lambda mix: self._wish(mix=mix))
        channel.changed.connect(lambda changes: live_commands.set_channel(ctx, **changes))
        channel.clear.clicked.connect(lambda: live_commands.clear_channel(ctx))
        latency.measure.clicked.connect(lambda: live_commands.measure_round_trip(ctx))
        latency.estimate.clicked.connect(lambda: live_commands.estimate(ctx))
        latency.applied.connect(
            lambda frames, block_s, queue: live_commands.choose_step(
                ctx, frames=frames, buffered_s=block_s, max_queue_frames=queue
            )
        )
        views = self.views
        views.freeze.clicked.connect(lambda: self._then_show(live_commands.toggle_freeze))
        views.play_input.clicked.connect(lambda: self._then_show(live_commands.toggle_replay, "input"))
        views.play_output.clicked.connect(lambda: self._then_show(live_commands.toggle_replay, "output"))
        views.views_changed.connect(self._watch)
        live.changed.connect(self._show)
        live.counters_changed.connect(self._show_counters)
        ctx.codec.changed.connect(self._show)
        ctx.engine.changed.connect(self._show)
        ctx.clip.opened.connect(self._show)
        ctx.playback.devices_changed.connect(self._show)

    # -- the state changed ----------------------------------------------------------------------------------------
    def _show(self) -> None:
        ctx, live, info, setup = self.context, self.context.live, self.context.codec.info, self.context.live.setup
        ready = info is not None and ctx.engine.status == "ready"
        self.transport.set_running(live.running, ready, starting=live.starting)
        self.transport.set_muted(live.muted, live.bypass)
        self.transport.set_recording(bool(live.recording), live.counters.get("recorded_s", 0.0))
        self.sound.source.set_entries(
            live_words.source_entries(live.inputs, (self._file, ctx.clip.data.path), setup.source), setup.source
        )
        self.sound.output.set_entries(live_words.output_entries(live.outputs, setup.output), setup.output)
        self.sound.set_source(setup.source, setup.tone_hz)
        self.sound.set_gains(setup.input_gain_db, setup.output_gain_db)
        self._show_codec()
        self.channel.set_channel(setup.channel, info.frame_rate_hz if info else 0.0)
        self.channel.setEnabled(info is None or bool(info.books) or bool(info.latent_dim))
        self._show_latency()
        self._show_message()
        self.views.set_there(
            {
                "codes": info is None or bool(info.books),
                "residual": info is None or bool(info.books),
                "usage": info is None or bool(info.books),
                "latents": not live.running or "latents" in live.rings,
            }
        )
        if not live.running:
            self.sound.clear()
        self.pictures.attach(info)
        self.pictures.show_frozen()
        self._watch()

    def _show_codec(self) -> None:
        ctx, live, info = self.context, self.context.live, self.context.codec.info
        deepest = info.depth if info else 0
        depth = min(live.depth or deepest, deepest)
        heard = live.heard_books(deepest) if deepest else ()
        text = "–"
        if info is not None and live.setup.books:
            kbps = sum(info.books[book].bits * info.books[book].frame_rate_hz for book in heard) / 1000
            text = f"{len(heard)} books · {kbps:.2f} kbps"
        elif info is not None and depth:
            text = f"{depth} · {info.bitrate_kbps(depth):.2f} kbps"
        self.codec.set_depth(depth, 0 if ctx.codec.why_no_depth else deepest, text, ctx.codec.why_no_depth)
        self.codec.set_books(info, heard, live.setup.channel.frozen_books)
        self.codec.set_mode(live.setup.mode, live.plans, live.running)
        self.codec.set_mix(live.setup.mix)
        self.views.scroll.heard = frozenset(heard)

    def _show_latency(self) -> None:
        live, info, setup = self.context.live, self.context.codec.info, self.context.live.setup
        self.latency.bar.set_parts([(part.name, part.samples) for part in live.latency], live.rate_hz)
        trip = live.round_trip
        if trip is None:
            self.latency.bar.set_measured(None)
        else:
            self.latency.bar.set_measured(trip.measured_samples, trip.rate_hz, trip.sure)
        hop_ms = 1000.0 * info.live_frames * info.hop_samples / info.rate_hz if info else 0.0
        self.latency.set_step((setup.frames, setup.buffered_s, setup.max_queue_frames), hop_ms)
        self.latency.set_estimates(live.estimates, setup.mode, live.advice, bool(live.estimate_request))
        ready = self.context.engine.status == "ready" and info is not None
        self.latency.set_able(live.running, bool(live.measure_request), ready and not (live.running or live.starting))

    def _show_message(self) -> None:
        live, info = self.context.live, self.context.codec.info
        self.transport.message.say(live_words.message(live, info, live_commands.WITHOUT_STREAM_S))

    def _show_counters(self) -> None:
        live, info = self.context.live, self.context.codec.info
        live_frame_s = (info.live_frames if info else 1) / live.frame_rate_hz if live.frame_rate_hz else 0.0
        step_s, most_lag_s = live.step_frames * live_frame_s, live.setup.max_queue_frames * live_frame_s
        self.counters.set_counters(live_words.counters(live.counters, step_s, live.rate_hz, most_lag_s))
        self.transport.set_recording(bool(live.recording), live.counters.get("recorded_s", 0.0))
        self._show_message()
        factor = live.counters.get("real_time_factor", 0.0)
        self.latency.trade.set_now(live.step_frames, factor if live.running else 0.0)
        if live.running and "usage" in self.views.shown and live.frozen is None and self.isVisible():
            self.views.usage.show_usage()

    def figures(self) -> tuple[Figure, ...]:
        codec = self.context.codec.info
        return live_figures(self.context.live, self.views, (codec.name,) if codec is not None else ())

    # -- the frame clock --------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        live = self.context.live
        if not live.running:
            return
        self._unseen.start()
        if not self._looked:
            self._looked = True
            self._watch()
        self.sound.set_levels(live.counters)
        self.pictures.pull()

    # -- who looks -------------------------------------------------------------------------------------------------
    def _watch(self) -> None:
        live, residual = self.context.live, self.views.toggles["residual"]
        wanted = self._looked and residual.isChecked() and residual.isEnabled() and live.frozen is None
        live_commands.watch(self.context, ("residual",) if wanted else ())

    def _not_seen(self) -> None:
        self._looked = False
        self._watch()

    def hideEvent(self, event: QHideEvent) -> None:
        self._not_seen()
        super().hideEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        self.pictures.fill()
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.column.fit(event.size())

    # -- the person -------------------------------------------------------------------------------------------------
    def _wish(self, **changes: Any) -> None:
        live_commands.set_live(self.context, **changes)
        self._show()  # buttons show the state, not the click

    def _then_show(self, verb: Any, *words: Any) -> None:
        verb(self.context, *words)
        self._show()

    def _set_gains(self, input_db: float, output_db: float) -> None:
        setup = self.context.live.setup
        given = {"input_gain_db": input_db, "output_gain_db": output_db}
        self._wish(**{name: value for name, value in given.items() if value != getattr(setup, name)})

    def _choose_source(self, source: str) -> None:
        live_commands.choose_devices(self.context, source=source)
        self._show()

    def _choose_file(self) -> None:
        path = dialogs.ask_clip(self, self._file)
        if path:
            self._file = path
            self._choose_source(FILE + path)

    # -- saved with the layout ----------------------------------------------------------------------------------------
    def view_state(self) -> dict[str, Any]:
        return {
            "setup": self.context.live.setup.to_state(),
            "views": sorted(self.views.shown),
            "span_s": self.views.scroll.seconds,
            "half_life_s": self.views.usage.half_life_s,
            "folded": [title for title, group in self.groups.items() if not group.open],
        }

    def set_view_state(self, state: dict[str, Any]) -> None:
        if "setup" in state:
            self.context.live.update(setup=LiveSetup.from_state(state["setup"]))
        self.views.set_shown(state.get("views"))
        self.views.set_span(state.get("span_s"))
        half_life_s = state.get("half_life_s")
        if not isinstance(half_life_s, bool) and half_life_s in HALF_LIVES_S:
            self.views.usage.half_life.setValue(HALF_LIVES_S.index(half_life_s))
        folded = state.get("folded")
        if isinstance(folded, list):
            for title, group in self.groups.items():
                group.set_open(title not in folded)
