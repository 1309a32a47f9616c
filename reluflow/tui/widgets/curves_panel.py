"""The panel of several runs' curves of the loss, one over the other."""

import math
from collections.abc import Mapping, Sequence

from reluflow.network import Array
from reluflow.plot.cells import FROZEN, Row, Segment, listed
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.loss_curve import curve_of, fit_axes
from reluflow.plot.loss_picture import draw_loss
from reluflow.plot.settings import LOSS_PICTURE
from reluflow.tui.frozen_runs import LETTERS
from reluflow.tui.widgets.loss_panel import BELOW_PLATEAUS
from reluflow.tui.widgets.rows_panel import RowsPanel, heading

Series = Mapping[str, Array]


class CurvesPanel(RowsPanel):
    """Draws one curve as a line and others, by their number, dotted with a letter at their end."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self._name = ""
        self._line: Series = {}
        self._others: dict[int, tuple[str, Series]] = {}
        self._floor = math.inf
        self._of_labels = self._whole = False
        #: whether time is logarithmic, for square losses and where some of the losses are of labels
        self._log_time = {False: False, True: True}

    def show(
        self, name: str, line: Series, others: Mapping[int, tuple[str, Series]], floor: float, of_labels: bool
    ) -> None:
        """Draw the series of a run, and those of others with their names.

        ``floor``: the lowest loss of a plateau, infinity for none: the axis reaches a little below it;
        ``of_labels``: some of the losses are of labels, which fall like 1/t for many decades.
        """
        self._name, self._line, self._others, self._floor = name, line, dict(others), floor
        self._of_labels = of_labels
        self.redraw()

    def turn_scale(self) -> None:
        """Draw the losses about the plateaus, or all of them."""
        self._whole = not self._whole
        self.redraw()

    def turn_time(self) -> None:
        """Draw time logarithmically, or as it is."""
        self._log_time[self._of_labels] = not self._log_time[self._of_labels]
        self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        log_time = self._log_time[self._of_labels]
        top = heading("loss of runs", f"over {'log time' if log_time else 'time'}", width, self.glyphs)
        line = curve_of(self._line or _NOTHING, log_time)
        others = {number: curve_of(each, log_time) for number, (_, each) in self._others.items() if each}
        if not line.x.size and not any(each.x.size for each in others.values()):
            return [top, [Segment(" nothing is recorded of this run", "dim")]]
        legend = self._legend(width)
        whole = self._whole or self._of_labels or math.isinf(self._floor)
        axes = fit_axes(
            None,
            line,
            log_time,
            floor=None if whole else self._floor / BELOW_PLATEAUS,
            others=list(others.values()),
            decades=math.inf if self._of_labels else LOSS_PICTURE.time_decades,
        )
        size = (width, max(height - 2, 1))
        return [top, legend, *draw_loss(line, axes, size, self.glyphs, frozen=others).rows]

    def _legend(self, width: int) -> Row:
        line: Row = [Segment(f" {self.glyphs.horizontal} {self._name}", "curve")]
        others: list[Row] = [
            [Segment(f"{LETTERS[number]} ", FROZEN[number % len(FROZEN)]), Segment(name, "dim")]
            for number, (name, _) in self._others.items()
        ]
        return listed([], [line, *others], width, self.glyphs.ellipsis)


_NOTHING: Series = {"t": [], "loss": []}  # type: ignore[dict-item]
