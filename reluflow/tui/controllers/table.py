"""The table controller lists the neurons in an order and holds the cursor among them."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.errors import ReluflowError
from reluflow.observe.reference import KINDS, Kind, Reference
from reluflow.observe.roster import COLUMNS, Column, Roster, Sorting
from reluflow.tui.controllers.host import Host
from reluflow.tui.moment import Moment
from reluflow.tui.neuron_choice import Choice

#: A network whose columns take more multiplications than this is listed in the order that it had before for
#: as long as the cursor plays, and its growth is not measured meanwhile.
_COSTLY: Final = 4e6
#: What can be typed to choose neurons.
_FILTERS: Final = (
    "+ -  live sliding dead  on=3 off=3 (a sample)\n"
    "norm>1e-3  angle<=30  growth>0  group!=1  #<50\n"
    "several: all of them must hold"
)


class Table:
    """The neurons of the state on show, sorted, filtered and grouped as the user likes.

    Attributes
    ----------
    cursor: number of the neuron under the cursor.
    roster: the neurons of the state on show, None before there is one.
    listed: numbers of the neurons that are listed, None for all of them in their own order.
    sorted_at: flow time of the state that they were sorted by, None where the order is the usual one.
    arrangements: how often the user asked for another order: the widget then begins at the first line.
    changed: called when there is something else to draw.
    moved: called with the number of the neuron when the cursor goes to another one.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self.cursor = 0
        self.sorting = Sorting()
        self.choice = Choice("", ())
        self.reference = Reference()
        self.grouped = False
        self.roster: Roster | None = None
        self.listed: npt.NDArray[np.intp] | None = None
        self.sorted_at: float | None = None
        self.arrangements = 0
        self.changed: Callable[[], None] = lambda: None
        self.moved: Callable[[int], None] = lambda _: None
        self._moment: Moment | None = None

    def show(self, moment: Moment) -> None:
        """Take a newer moment; the cursor stays on its neuron if there is one of that number."""
        before, self._moment = self._moment, moment
        same = before is not None and before.state is moment.state
        if same and (self.sorted_at is None or moment.playing):
            return
        problem = moment.frame.problem
        if not same:
            self.roster = None
            if moment.state is not None and problem is not None:
                self.roster = Roster(moment.state, problem, self.reference)
        self._list(again=not moment.playing)
        self._put_cursor(self.cursor)
        self.changed()

    # --- what the user chooses to see ---

    def sort(self) -> None:
        """Sort by the next of the columns."""
        self.sorting = self.sorting.next()
        self._rearrange()

    def reverse(self) -> None:
        """Sort the other way."""
        self.sorting = Sorting(self.sorting.column, not self.sorting.reverse)
        self._rearrange()

    def group(self) -> None:
        """One line for each cluster, or one for each neuron again."""
        self.grouped = not self.grouped
        self._rearrange()

    def ask_choice(self) -> None:
        """Ask which neurons to list."""
        from reluflow.tui.screens.ask_line import AskLine

        title = "Neurons to list (nothing: all of them)"
        page = AskLine(title, "that are", self.choice.text, _FILTERS, Choice.read)
        self._host.ask(page, self.choose)

    def choose(self, choice: Choice | None) -> None:
        """List only the neurons of a choice; None leaves the list as it is."""
        if choice is not None:
            self.choice = choice
            self._rearrange()

    def next_reference(self) -> None:
        """Measure the angles from the next of the references."""
        if self.roster is not None:
            self.reference = self.reference.next(self.cursor, self.roster.problem.dimension)
            self._measure_again()

    def choices(self) -> dict[str, Any]:
        """The user's choices as plain values by name."""
        return {
            "grouped": self.grouped,
            "sort": self.sorting.column,
            "reverse": self.sorting.reverse,
            "filter": self.choice.text,
            "angle": self.reference.kind,
            "angle_neuron": self.reference.neuron,
        }

    def adopt(self, choices: Mapping[str, Any]) -> None:
        """Take choices back; a value that is none of those on offer is left out."""
        grouped = choices.get("grouped")
        self.grouped = grouped if isinstance(grouped, bool) else self.grouped
        column: Column = next((column for column in COLUMNS if column == choices.get("sort")), "#")
        self.sorting = Sorting(column, choices.get("reverse") is True)
        with suppress(ReluflowError):
            self.choice = Choice.read(str(choices.get("filter", "")))
        kind: Kind = next((kind for kind in KINDS if kind == choices.get("angle")), "usual")
        neuron = choices.get("angle_neuron")
        self.reference = Reference(kind, neuron if isinstance(neuron, int) and neuron >= 0 else 0)
        self._measure_again()

    def _measure_again(self) -> None:
        if self.roster is not None:
            self.roster = Roster(self.roster.state, self.roster.problem, self.reference)
        self._rearrange()

    # --- which neurons are listed ---

    @property
    def width(self) -> int:
        """Number of neurons in the state on show."""
        return 0 if self.roster is None else self.roster.width

    @property
    def count(self) -> int:
        """The number of lines."""
        return self.width if self.listed is None else int(self.listed.size)

    @property
    def measures_all(self) -> bool:
        """Whether what depends on all neurons can be measured without holding up the cursor."""
        playing = self._moment is not None and self._moment.playing
        return self.roster is not None and (not playing or self.roster.work <= _COSTLY)

    def numbers(self, first: int, last: int) -> npt.NDArray[np.intp]:
        """The numbers of the neurons on lines ``first`` to ``last``, that one not included."""
        return np.arange(first, last) if self.listed is None else self.listed[first:last]

    def line_of(self, neuron: int) -> int:
        """The line of a neuron, the first one if it is not listed."""
        if self.listed is None:
            return neuron
        found = np.flatnonzero(self.listed == neuron)
        return int(found[0]) if found.size else 0

    def neuron_on(self, line: int) -> int:
        """The neuron on a line, or on the nearest that there is."""
        line = max(min(line, self.count - 1), 0)
        if self.listed is None:
            return line
        return int(self.listed[line]) if self.listed.size else self.cursor

    def _list(self, again: bool = True) -> None:
        """List the neurons of the state on show; ``again``: also where that costs much and was done."""
        roster = self.roster
        plain = self.sorting == Sorting() and not self.choice.tests and not self.grouped
        if roster is None or plain:
            self.listed, self.sorted_at = None, None
            return
        known = self.listed is not None and self.sorted_at is not None
        if known and not again and roster.work > _COSTLY:
            return
        self.listed = roster.order(self.sorting, self.choice.mask(roster), self.grouped)
        self.sorted_at = roster.state.t

    def _rearrange(self) -> None:
        self._list()
        self.arrangements += 1
        self._put_cursor(self.cursor)
        self.changed()

    # --- the cursor ---

    def move(self, by: int) -> None:
        """The cursor so many lines down, or up if below 0."""
        self.go_to(self.neuron_on(self.line_of(self.cursor) + by))

    def go_to_end(self, last: bool) -> None:
        """The cursor on the last line, or on the first."""
        self.go_to(self.neuron_on(self.count - 1 if last else 0))

    def go_to(self, neuron: int) -> None:
        """Put the cursor on a neuron, or the nearest there is."""
        if self._put_cursor(neuron):
            self.changed()

    def await_neuron(self, neuron: int) -> None:
        """Put the cursor on a neuron of the state that is to come."""
        self.cursor = neuron
        self.moved(neuron)

    def _put_cursor(self, neuron: int) -> bool:
        """Put the cursor on a neuron, or the nearest there is; whether that is another than before."""
        neuron = max(min(neuron, self.width - 1), 0)
        if self.listed is not None and self.listed.size and not np.any(self.listed == neuron):
            neuron = self._representative(neuron)
        moved = neuron != self.cursor
        self.cursor = neuron
        if moved:
            self.moved(neuron)
        return moved

    def _representative(self, neuron: int) -> int:
        """The listed neuron of the same cluster where they are grouped, else the first one listed."""
        assert self.listed is not None
        if self.grouped and self.roster is not None:
            of = self.roster.clusters.of
            same = self.listed[(of[self.listed] == of[neuron]) & (of[neuron] >= 0)]
            if same.size:
                return int(same[0])
        return int(self.listed[0])
