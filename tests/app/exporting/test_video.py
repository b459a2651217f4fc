"""A video of a stretch: its sound, its length, views that move; and one that is stopped."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from PySide6.QtCore import QSize
from pytestqt.qtbot import QtBot

from tests.app.shell.conftest import Desk
from workbench import commands
from workbench.exporting.scenes import PAGE_S, Scene, movable
from workbench.exporting.video import RATE_FPS, VideoJob
from workbench.exporting.video_dialog import VideoDialog
from workbench.widgets.pixels import from_image

SIZE = QSize(640, 360)


def scene(desk: Desk, start_s: float = 0.2, end_s: float = 0.8) -> Scene:
    assert desk.window.docks is not None
    commands.select_depth(desk.ctx, 4)
    desk.tick(5)
    found = [row for row in movable(desk.window.figures()) if row.key in ("waveform", "codes")]
    assert len(found) == 2
    return Scene(found, "a.wav · depth 4", SIZE, (start_s, end_s), desk.ctx.time_view)


def test_the_cursor_moves_and_nothing_else(loaded_desk: Desk) -> None:
    made = scene(loaded_desk)
    before = (loaded_desk.ctx.time_view.start_s, loaded_desk.ctx.time_view.end_s)
    first, second = (from_image(made.frame(seconds)) for seconds in (0.3, 0.6))
    assert (loaded_desk.ctx.time_view.start_s, loaded_desk.ctx.time_view.end_s) == before
    columns = np.nonzero((first != second)[60:].any(axis=0))[0]
    assert 2 <= len(columns) <= 16, "two cursors, a few pixels wide"
    assert columns.max() - columns.min() > 100


def test_long_stretches_are_turned_like_pages(loaded_desk: Desk) -> None:
    made = scene(loaded_desk)
    assert made.pages == 1 and made.page_at(0.79) == 0
    long = Scene(made.views, "", SIZE, (0.0, 2.5 * PAGE_S), loaded_desk.ctx.time_view)
    assert long.pages == 3 and [long.page_at(second) for second in (0, 12, 24.9, 25)] == [0, 1, 2, 2]


def test_a_video_has_the_sound_and_the_frames(loaded_desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    made, target = scene(loaded_desk), tmp_path / "talk.mp4"
    rate = loaded_desk.ctx.clip.data.rate_hz
    sound = loaded_desk.ctx.clip.data.renders[0].audio[:, round(0.2 * rate) : round(0.8 * rate)]
    job = VideoJob(made, sound, rate, target, loaded_desk.window)
    with qtbot.waitSignal(job.finished, timeout=60_000, raising=True):
        job.failed.connect(print)
        job.start()
    with av.open(str(target)) as file:
        video = list(file.decode(video=0))
    with av.open(str(target)) as file:
        voice = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    assert len(video) == round(0.6 * RATE_FPS) and (video[0].width, video[0].height) == (640, 360)
    drawn = from_image(made.frame(0.2))
    seen = video[0].to_ndarray(format="rgb24").astype(int)
    wanted = np.stack([(drawn >> shift) & 255 for shift in (16, 8, 0)], axis=-1).astype(int)
    assert np.abs(seen - wanted).mean() < 8
    assert abs(voice.shape[1] - sound.shape[1]) <= 3 * 1024
    length = min(voice.shape[1], sound.shape[1])
    spectra = [np.abs(np.fft.rfft(row[0, :length] * np.hanning(length))) for row in (voice, sound)]
    assert abs(int(spectra[0].argmax()) - int(spectra[1].argmax())) <= 2  # the same tone


def test_a_video_that_is_stopped_leaves_nothing(loaded_desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    made, target = scene(loaded_desk, 0.0, 1.0), tmp_path / "talk.mp4"
    job = VideoJob(made, np.zeros((1, 16_000), np.float32), 16_000, target, loaded_desk.window)
    with qtbot.waitSignal(job.progressed, timeout=60_000):
        job.start()
    job.cancel()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_sentence(loaded_desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    made = scene(loaded_desk)
    job = VideoJob(made, np.zeros((1, 100), np.float32), 16_000, tmp_path / "no" / "talk.mp4", loaded_desk.window)
    with qtbot.waitSignal(job.failed, timeout=60_000) as told:
        job.start()
    assert told.args is not None and "talk.mp4" in told.args[0] and "\n" not in told.args[0]


def test_the_dialog_offers_stretches_and_makes_a_video(loaded_desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    scene(loaded_desk)
    commands.set_loop(loaded_desk.ctx, 1600, 4800)
    loaded_desk.window.actions_by_key["export_video"].trigger()
    dialog = loaded_desk.window.findChildren(VideoDialog)[0]
    assert [dialog.stretch.itemText(row).split(",")[0] for row in range(2)] == ["The marked region", "The whole clip"]
    for row in range(dialog.views.count()):
        item = dialog.views.item(row)
        item.setCheckState(item.checkState().Checked if row == 0 else item.checkState().Unchecked)
    dialog.sizes.setCurrentIndex(2)
    dialog.target.setText(str(tmp_path / "loop"))
    dialog.go.click()
    qtbot.waitUntil(lambda: dialog.job is None, timeout=60_000)
    assert (tmp_path / "loop.mp4").is_file() and "loop.mp4" in dialog.told.text()
    dialog.reject()
