"""The neurons one by one, sorted, chosen from and grouped as the user likes."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
from textual import events
from textual.binding import Binding, BindingType

from reluflow.errors import ReluflowError
from reluflow.observe.choice import Choice
from reluflow.observe.reference import KINDS, Kind, Reference
from reluflow.observe.roster import COLUMNS, Column, Roster, Sorting
from reluflow.plot.axes import short
from reluflow.plot.cells import Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.table import Layout, Line, header_row, neuron_row
from reluflow.tui.messages import CursorMoved
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.frame_panel import FramePanel
from reluflow.tui.widgets.rows_panel import heading

#: A network whose columns take more multiplications than this is listed in the order that it had before for
#: as long as the cursor plays, and its growth is not measured meanwhile.
_DEAR: Final = 4e6


class NeuronTable(FramePanel):
    """A table that draws the visible rows only: its cost does not grow with the network.

    All neurons are looked at where the order depends on them, and then column by column.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("K", "jump(False)", show=False),
        Binding("J", "jump(True)", show=False),
    ]

    KEPT: ClassVar[Mapping[str, Sequence[Any]]] = {"grouped": (False, True)}
    #: rows above the neurons: the heading and the heads of the columns
    TOP: ClassVar = 2

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        #: number of the neuron that the cursor is on
        self.cursor = 0
        self.sorting = Sorting()
        self.choice = Choice("", ())
        self.reference = Reference()
        self.grouped = False
        self._first = 0
        self._moment: Moment | None = None
        self._roster: Roster | None = None
        #: numbers of the neurons listed, None for all of them as they come, and the time they were sorted at
        self._listed: npt.NDArray[np.intp] | None = None
        self._sorted_at: float | None = None

    def show(self, moment: Moment) -> None:
        """Draw the state of a newer moment; the cursor stays on its neuron if there is one of that number."""
        before, self._moment = self._moment, moment
        same = before is not None and before.state is moment.state
        if same and (self._sorted_at is None or moment.playing):
            return
        problem = moment.frame.problem
        if not same:
            self._roster = None
            if moment.state is not None and problem is not None:
                self._roster = Roster(moment.state, problem, self.reference)
        self._arrange(again=not moment.playing)
        self._go(self.cursor)
        self.redraw()

    def choices(self) -> dict[str, Any]:
        return super().choices() | {
            "sort": self.sorting.column,
            "reverse": self.sorting.reverse,
            "filter": self.choice.text,
            "angle": self.reference.kind,
            "angle_neuron": self.reference.neuron,
        }

    def adopt(self, choices: Mapping[str, Any]) -> None:
        super().adopt(choices)
        column: Column = next((column for column in COLUMNS if column == choices.get("sort")), "#")
        self.sorting = Sorting(column, choices.get("reverse") is True)
        with suppress(ReluflowError):
            self.choice = Choice.read(str(choices.get("filter", "")))
        kind: Kind = next((kind for kind in KINDS if kind == choices.get("angle")), "usual")
        neuron = choices.get("angle_neuron")
        self.reference = Reference(kind, neuron if isinstance(neuron, int) and neuron >= 0 else 0)
        self._measure_anew()

    def sort_by_next(self) -> None:
        """Sort by the next of the columns."""
        self.sorting = self.sorting.next()
        self._rearranged()

    def turn_around(self) -> None:
        """Sort the other way."""
        self.sorting = Sorting(self.sorting.column, not self.sorting.reverse)
        self._rearranged()

    def group(self) -> None:
        """One line for each cluster, or one for each neuron again."""
        self.grouped = not self.grouped
        self._rearranged()

    def choose(self, choice: Choice) -> None:
        """List only the neurons of a choice."""
        self.choice = choice
        self._rearranged()

    def refer_to_next(self) -> None:
        """Measure the angles from the next of the references."""
        if self._roster is not None:
            self.reference = self.reference.next(self.cursor, self._roster.problem.dimension)
            self._measure_anew()

    def _measure_anew(self) -> None:
        if self._roster is not None:
            self._roster = Roster(self._roster.state, self._roster.problem, self.reference)
        self._rearranged()

    def go_to(self, neuron: int) -> None:
        """Put the cursor on a neuron, if there is one of that number."""
        self._move_to(neuron)

    @property
    def width_of_network(self) -> int:
        """Number of neurons in the state on screen."""
        return 0 if self._roster is None else self._roster.width

    # --- which neurons are listed ---

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self.width_of_network if self._listed is None else int(self._listed.size)

    def _arrange(self, again: bool = True) -> None:
        """List the neurons of the present state; ``again``: also where that is dear and was done before."""
        roster = self._roster
        plain = self.sorting == Sorting() and not self.choice.tests and not self.grouped
        if roster is None or plain:
            self._listed, self._sorted_at = None, None
            return
        known = self._listed is not None and self._sorted_at is not None
        if known and not again and roster.work > _DEAR:
            return
        self._listed = roster.order(self.sorting, self.choice.mask(roster), self.grouped)
        self._sorted_at = roster.state.t

    def _rearranged(self) -> None:
        self._arrange()
        self._first = 0
        self._go(self.cursor)
        self.redraw()

    def _place(self, neuron: int) -> int:
        """The line of a neuron, the first one if it is not listed."""
        if self._listed is None:
            return neuron
        found = np.flatnonzero(self._listed == neuron)
        return int(found[0]) if found.size else 0

    def _at(self, place: int) -> int:
        """The neuron on a line, or on the nearest that there is."""
        place = max(min(place, self.count - 1), 0)
        if self._listed is None:
            return place
        return int(self._listed[place]) if self._listed.size else self.cursor

    def _stand_in(self, neuron: int) -> int:
        """The listed neuron of the same cluster where they are grouped, else the first one listed."""
        assert self._listed is not None
        if self.grouped and self._roster is not None:
            of = self._roster.clusters.of
            same = self._listed[(of[self._listed] == of[neuron]) & (of[neuron] >= 0)]
            if same.size:
                return int(same[0])
        return int(self._listed[0])

    # --- drawing ---

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        roster = self._roster
        if roster is None:
            return [heading("neurons", "", width, self.glyphs)]
        rows, place = max(height - self.TOP, 0), self._place(self.cursor)
        self._first = min(max(self._first, place - rows + 1, 0), place, max(self.count - rows, 0))
        last = min(self._first + rows, self.count)
        numbers = np.arange(self._first, last) if self._listed is None else self._listed[self._first : last]
        layout = Layout.of(roster.width, roster.problem.samples, width)
        table = roster.some(numbers, growth=self._affordable and "growth" in layout.columns)
        lines = [
            neuron_row(
                table,
                Line(i, number, self._group(number, layout), number == self.cursor),
                layout,
                self.glyphs,
            )
            for i, number in enumerate(int(number) for number in numbers)
        ]
        # another reference than the usual one is told above, where there is room at any width
        usual = table.angle_meaning if self.reference.kind == "usual" else ""
        head = header_row(layout, self.sorting, roster.problem.samples, usual, self.glyphs)
        top = heading("neurons", self._detail(last, table.angle_meaning), width, self.glyphs)
        if not lines:
            lines = [[Segment(f" no neuron is {self.choice.text}; / chooses others", "dim")]]
        return [top, head, *lines]

    @property
    def _affordable(self) -> bool:
        """Whether all neurons can be looked at now."""
        playing = self._moment is not None and self._moment.playing
        return self._roster is not None and (not playing or self._roster.work <= _DEAR)

    def _group(self, number: int, layout: Layout) -> str:
        """12 neurons, where they are grouped; else the number of the cluster and how many are in it."""
        roster = self._roster
        if roster is None or "group" not in layout.columns or not self._affordable:
            return ""
        cluster = int(roster.clusters.of[number])
        if cluster < 0:
            return "-"
        size = int(roster.clusters.size[cluster])
        if self.grouped:
            return f"{size} neuron{'s' if size > 1 else ''}"
        return f"{cluster + 1} ({size})" if size > 1 else "alone"

    def _detail(self, last: int, meaning: str) -> str:
        words = [self.choice.text] if self.choice.tests else []
        if self.grouped:
            words.append("a line a cluster")
        if self.reference.kind != "usual":
            words.append(f"angle {meaning}")
        if self._roster is not None and self._sorted_at not in (None, self._roster.state.t):
            words.append(f"order of t = {short(self._sorted_at or 0.0)}")
        count, m = self.count, self.width_of_network
        whole = f"{count}" if count == m else f"{count} (of {m} neurons)"
        shown = last - self._first
        place = f"all {whole}" if shown == count else f"{self._first + 1}-{last} of {whole}"
        return ", ".join([*words, place])

    # --- the cursor ---

    def action_move(self, by: int) -> None:
        self._move_to(self._at(self._place(self.cursor) + by))

    def action_page(self, by: int) -> None:
        self.action_move(by * max(self.size.height - self.TOP - 1, 1))

    def action_jump(self, to_end: bool) -> None:
        self._move_to(self._at(self.count - 1 if to_end else 0))

    def on_click(self, event: events.Click) -> None:
        place = self._first + event.y - self.TOP
        if event.y >= self.TOP and place < self.count:
            self._move_to(self._at(place))

    def on_mouse_scroll_down(self) -> None:
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-3)

    def _move_to(self, neuron: int) -> None:
        if self._go(neuron):
            self.redraw()

    def _go(self, neuron: int) -> bool:
        """Put the cursor on a neuron, or the nearest there is; whether that is another than before."""
        neuron = max(min(neuron, self.width_of_network - 1), 0)
        if self._listed is not None and self._listed.size and not np.any(self._listed == neuron):
            neuron = self._stand_in(neuron)
        moved = neuron != self.cursor
        self.cursor = neuron
        if moved:
            self.post_message(CursorMoved(neuron))
        return moved
