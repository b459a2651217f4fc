"""What the views of Live show: the taps while it runs, or the frozen minute."""

from __future__ import annotations

from speefeare_core.codec import CodecInfo
from workbench.state.live import FrozenMinute, LiveState
from workbench.widgets.live_feed import LiveFeed
from workbench.widgets.live_views import LiveViews

FREEZE_HINT = "Freeze keeps the last minute (Z)"


class LivePictures:
    """Feeds the views from the state; a view that is hidden is not fed, and reads nothing."""

    def __init__(self, live: LiveState, views: LiveViews) -> None:
        self.live, self.views = live, views
        self.feed = LiveFeed()
        self._shown: tuple[FrozenMinute | None, float] = (None, 0.0)  # what the bar shows, and how much at once
        self._turn = False
        views.bar.waiting = FREEZE_HINT
        views.bar.scrubbed.connect(self._scrubbed)
        views.scroll.emptied.connect(self.fill)
        views.span_changed.connect(self.show_frozen)

    def attach(self, info: CodecInfo | None) -> None:
        """The taps of the session that runs; where they are new, empty views."""
        live = self.live
        if not live.running:
            self.feed.attach({})
        elif self.feed.attach(live.rings):
            books = info.depth if info is not None and self.feed.has("codes") else 0
            sizes = tuple(book.size for book in info.books) if info is not None and books else ()
            self.views.trail.clear()
            self.views.usage.start(sizes, live.frame_rate_hz)
            self.views.scroll.start(live.rate_hz, live.frame_rate_hz, books)

    def pull(self) -> None:
        """One frame: what is new in the taps, or where the replay is."""
        live = self.live
        if live.frozen is not None:
            position = int(live.counters.get("replay_position", -1))
            self.views.bar.set_cursor(position if live.heard and position >= 0 else None)
            return
        shown, scroll, new = self.views.shown, self.views.scroll, self.feed.new
        for name in ("input", "output"):
            samples = new(name, name) if name in shown else None
            if samples is not None:
                scroll.feed_sound(name, samples.mean(axis=0))
        self._turn = not self._turn  # the slower views take turns: thirty times a second is enough for them
        if self._turn:
            codes = new("codes", "codes") if "codes" in shown else None
            if codes is not None:
                scroll.feed_codes(codes)
            energy = new("residual", "residual") if "residual" in shown else None
            if energy is not None:
                scroll.feed_residual(energy)
            return
        latents = new("latents", "latents") if "latents" in shown else None
        if latents is not None:
            self.views.trail.push(latents.T, max(8, int(scroll.seconds * live.frame_rate_hz / 2)))
        used = new("usage", "codes") if "usage" in shown else None
        if used is not None:
            self.views.usage.push(used)

    def fill(self) -> None:
        """The lanes are empty: give them the seconds that they show."""
        live, seconds = self.live, self.views.scroll.seconds
        if live.frozen is not None:
            self._draw(live.frozen)
            return
        for name in ("input", "output"):
            self.feed.rewind(name, name, round(seconds * live.rate_hz))
        for name in ("codes", "residual"):
            self.feed.rewind(name, name, round(seconds * live.frame_rate_hz))

    # -- the frozen minute --------------------------------------------------------------------------------------------
    def show_frozen(self) -> None:
        """Freeze the views, or let them go on, as the state says."""
        live, views, frozen = self.live, self.views, self.live.frozen
        views.set_frozen(frozen is not None, live.running, live.heard, bool(live.freeze_request))
        before, self._shown = self._shown, (frozen, views.scroll.seconds)
        if self._shown == before:
            return
        views.scroll.view.end_s = 0.0
        views.bar.set_sound(frozen.output if frozen else None, frozen.rate_hz if frozen else 0, views.scroll.seconds)
        if frozen is not None or before[0] is not None:
            live.stretch = (views.bar.start, views.bar.end)
            views.scroll.view.clear()

    def _scrubbed(self, end: int) -> None:
        bar, view = self.views.bar, self.views.scroll.view
        self.live.stretch = (bar.start, end)
        view.end_s = (end - bar.samples) / max(bar.rate_hz, 1)
        view.clear()

    def _draw(self, frozen: FrozenMinute) -> None:
        scroll, bar, trail = self.views.scroll, self.views.bar, self.views.trail
        if not frozen.rate_hz:
            return
        for name, sound in (("input", frozen.input), ("output", frozen.output)):
            scroll.feed_sound(name, sound[:, bar.start : bar.end].mean(axis=0))
        first, last = (round(sample / frozen.rate_hz * frozen.frame_rate_hz) for sample in (bar.start, bar.end))
        if frozen.codes is not None:
            scroll.feed_codes(frozen.codes[:, first:last])
        if frozen.residual is not None:
            scroll.feed_residual(frozen.residual[:, first:last])
        if frozen.latents is not None and last > first:
            trail.points = trail.points[:0]
            trail.push(frozen.latents[:, first:last].T, max(8, (last - first) // 2))
