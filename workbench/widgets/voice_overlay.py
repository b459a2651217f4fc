"""Pitch and formants over a spectrogram: a line with an axis of its own, and dots on the axis of the lane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from speefeare_core.spectrograms.scales import ScaleInfo
from workbench.state.voice import Voice

LOW_HZ, HIGH_HZ = 50.0, 600.0  # the pitch axis, logarithmic
MARKS_HZ = (100.0, 200.0, 400.0)
DENSEST = 1.5  # rows a pixel beyond which rows are thinned out
_DARK = QColor(0, 0, 0, 190)
_LIGHT = QColor(255, 255, 255)
_PITCH = QColor("#ffb454")

Array = NDArray[Any]


def rows_in_sight(voice: Voice, start_s: float, end_s: float, pixels: int) -> tuple[Array, Array]:
    """Times `[n]` and tracks `[n, 5]` from `start_s` to `end_s`, thinned out to what pixels can show."""
    first = max(0, int(start_s / voice.step_s))
    last = min(voice.rows_done, int(end_s / voice.step_s) + 2)
    step = max(1, int((last - first) / max(pixels * DENSEST, 1)))
    index = np.arange(first, max(first, last), step)
    return (index + 0.5) * voice.step_s, voice.tracks[index]


def pitch_y(rect: QRect, hertz: Any) -> Any:
    """Height of a pitch in a lane."""
    share = np.log2(np.asarray(hertz) / LOW_HZ) / np.log2(HIGH_HZ / LOW_HZ)
    return rect.bottom() + 1 - share * rect.height()


def draw_pitch(painter: QPainter, rect: QRect, xs: Array, hertz: Array) -> None:
    """An orange line with a dark rim wherever there is a pitch, and marks of its axis at the right."""
    painter.save()
    painter.setClipRect(rect)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    voiced = np.isfinite(hertz)
    breaks = np.flatnonzero(np.diff(voiced.astype(np.int8))) + 1
    for part in np.split(np.arange(len(hertz)), breaks):
        if not len(part) or not voiced[part[0]]:
            continue
        ys = pitch_y(rect, hertz[part])
        line = QPolygonF([QPointF(float(x), float(y)) for x, y in zip(xs[part], ys, strict=True)])
        if len(part) == 1:
            line.append(QPointF(line[0].x() + 1, line[0].y()))
        for colour, width in ((_DARK, 4.5), (_PITCH, 2.2)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPolyline(line)
    metrics = painter.fontMetrics()
    for mark in MARKS_HZ:
        text = f"{mark:g} Hz"
        y = float(pitch_y(rect, mark))
        box = QRectF(rect.right() - metrics.horizontalAdvance(text) - 12, y - metrics.height() / 2,
                     metrics.horizontalAdvance(text) + 6, metrics.height())  # fmt: skip
        painter.fillRect(box, _DARK)
        painter.setPen(_PITCH)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.drawLine(QPointF(rect.right() - 5, y), QPointF(rect.right(), y))
    painter.restore()


def draw_formants(painter: QPainter, rect: QRect, xs: Array, tracks: Array, scale: ScaleInfo, top_hz: float) -> None:
    """A light dot with a dark rim for each formant `[n, 4]` of each moment."""
    painter.save()
    painter.setClipRect(rect)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ys = rect.bottom() + 1 - scale.share(tracks, top_hz) * rect.height()
    places = np.argwhere(np.isfinite(ys))
    points = QPolygonF([QPointF(float(xs[row]), float(ys[row, column])) for row, column in places])
    for colour, width in ((_DARK, 5.0), (_LIGHT, 2.6)):
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPoints(points)
    painter.restore()


def words(voice: Voice, seconds: float, pitch: bool, formants: bool) -> list[str]:
    """What the read-out says at a moment."""
    row = int(seconds / voice.step_s)
    if not 0 <= row < voice.rows_done:
        return []
    values = voice.tracks[row]
    found = []
    if pitch:
        found.append(f"pitch {values[0]:.0f} Hz" if np.isfinite(values[0]) else "unvoiced")
    if formants and np.isfinite(values[1:]).any():
        found.append("F1–F4 " + " ".join(f"{value:.0f}" if np.isfinite(value) else "–" for value in values[1:]) + " Hz")
    return found
