from __future__ import annotations

from PySide6.QtCore import QPointF

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import hover
from workbench.widgets.flags import Flag
from workbench.widgets.theme import theme_of
from workbench.widgets.time_plot import TimePlot


def column_has_flag(plot: TimePlot, seconds: float) -> bool:
    """Whether the flags' colour is drawn at a time."""
    image = plot.grab().toImage()
    colour = theme_of(plot.palette()).good
    x = round(plot.x_of(seconds))
    near = [image.pixelColor(x + dx, y) for dx in (-1, 0, 1) for y in range(10, plot.plot_rect.bottom() - 30)]
    return any(abs(c.red() - colour.red()) + abs(c.green() - colour.green()) < 12 for c in near)


def test_a_flag_stands_at_its_time_and_moves_with_the_view(show: Show) -> None:
    plot = TimePlot()
    show(plot)
    plot.set_range(0.0, 10.0, 10.0)
    assert not column_has_flag(plot, 4.0)
    plot.set_flags((Flag(4.0, "here"),))
    assert column_has_flag(plot, 4.0) and not column_has_flag(plot, 6.0)
    plot.set_range(4.5, 10.0, 10.0)
    assert not column_has_flag(plot, 7.0)


def test_the_pointer_on_a_flag_reads_it_whole(show: Show) -> None:
    plot = TimePlot()
    show(plot)
    plot.set_range(0.0, 10.0, 10.0)
    plot.set_flags((Flag(4.0, "a note that is longer than a flag"),))
    told: list[str] = []
    plot.hovered.connect(told.append)
    hover(plot, plot.x_of(4.0) + 2, QPointF(plot.plot_rect.center()).y())
    hover(plot, plot.x_of(7.0), QPointF(plot.plot_rect.center()).y())
    assert "a note that is longer than a flag" in told[0] and "note" not in told[1]
