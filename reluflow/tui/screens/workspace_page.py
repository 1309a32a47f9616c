"""The page of a folder of runs: their list, and the curves of those that are marked."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.timer import Timer

from reluflow.errors import ReluflowError
from reluflow.plot.cells import FROZEN, Role
from reluflow.plot.glyphs import Glyphs
from reluflow.store.run_folder import BIN, Mark, StoredRun
from reluflow.tui.background import in_thread
from reluflow.tui.controllers.host import Host
from reluflow.tui.drawings import Drawing, of_directories
from reluflow.tui.frozen_runs import LETTERS
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.screens.ask_line import AskLine
from reluflow.tui.screens.confirm import Confirm
from reluflow.tui.screens.dialogue import FullPage
from reluflow.tui.widgets.curves_panel import CurvesPanel, Series
from reluflow.tui.widgets.row_list import Lines, RowList
from reluflow.tui.workspace import MOST_MARKED, TITLES, Workspace, curve_series

#: Seconds between two looks at the folder, and between two while there are runs still to be read.
LOOKS_EVERY: Final = 1.0
READS_EVERY: Final = 0.05
_HINT: Final = (
    "status=running   loss<=1e-9   init.scale<1e-3   preset=orthogonal-toy\n"
    "escape:1>10   saddles>=2   name!=first-1   network.width=60\n"
    "several: all of them must hold; nothing: all runs"
)


class WorkspacePage(FullPage[Path | None]):
    """Returns the run directory to be opened, or None. What other processes write there is followed.

    ``is_open``: whether a run directory is the one that the user has on show, which stays where it is.
    ``let_go`` is told which ones are about to leave. ``host`` tells the user what is to be told.
    """

    topic = "runs"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("WorkspacePage")
    DEFAULT_CSS = """
    WorkspacePage > Vertical { width: 100%; height: 100%; padding: 0 1; background: $background; }
    WorkspacePage CurvesPanel { height: 2fr; min-height: 6; }
    WorkspacePage RowList { height: 3fr; }
    """

    def __init__(
        self,
        workspace: Workspace,
        is_open: Callable[[Path], bool],
        let_go: Callable[[Sequence[Path]], None],
        host: Host,
        glyphs: Glyphs,
    ) -> None:
        super().__init__()
        self._workspace, self._is_open, self._let_go, self._host = workspace, is_open, let_go, host
        self._folder = workspace.folder
        self.curves = CurvesPanel(glyphs, id="curves")
        self.rows = RowList("runs", glyphs, id="runs")
        #: what curves are drawn from, by the run and what its files were
        self._series: dict[tuple[str, Mark], Series] = {}
        self._next_look: Timer | None = None
        #: the name of the run that the cursor goes to at the next look
        self._wanted: str | None = None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.curves
            yield self.rows

    def on_mount(self) -> None:
        self.rows.moved = self._follow
        self.rows.focus()
        self._list()
        self._look()

    @property
    def run(self) -> StoredRun | None:
        """The run under the cursor."""
        shown = self._workspace.shown
        return shown[self.rows.cursor] if shown else None

    def drawing(self) -> Drawing | None:
        names = list(self._workspace.marked)
        if self.run is not None and self.run.name not in names:
            names.insert(0, self.run.name)
        return of_directories([self._folder.path / name for name in names])

    # --- what is shown ---

    def _follow(self, line: int) -> None:
        self._draw_curves()

    def _list(self, on: str | None = None) -> None:
        """List the runs, with the cursor on the one of a name, else on the one it was on."""
        space = self._workspace
        names = [run.name for run in space.shown]
        cursor = names.index(on) if on in names else None
        empty = f"no run is {space.where}" if space.where else f"no run in {self._folder.path} yet"
        shown = space.shown
        lines = Lines(TITLES, len(shown), lambda at: space.cells(shown[at]), self._sign, empty)
        words = [space.where] if space.where else []
        words.append(f"{space.order} first" if not space.reverse else f"{space.order} last")
        words += [f"{self._folder.pending} still to be read"] if self._folder.pending else []
        hints = ("space mark  enter opens  ? keys", "enter opens  ? keys", "? keys")
        details = [", ".join([*words, hint]) for hint in hints]
        self.rows.fill(lines, f"runs in {self._folder.path.absolute().name}", details, cursor)
        self._draw_curves()

    def _sign(self, line: int) -> tuple[str, Role]:
        run, marked = self._workspace.shown[line], self._workspace.marked
        if run.name not in marked:
            return " ", "text"
        number = marked.index(run.name)
        return LETTERS[number], FROZEN[number % len(FROZEN)]

    @work(exclusive=True, group="curves")
    async def _draw_curves(self) -> None:
        """Draw the curve of the run under the cursor over those that are marked; read what is missing."""
        run, by_name = self.run, {run.name: run for run in self._workspace.runs}
        marked = [by_name[name] for name in self._workspace.marked if name in by_name]
        wanted = {(each.name, each.mark): each for each in [*marked, *([run] if run is not None else [])]}
        self._series = {key: series for key, series in self._series.items() if key in wanted}
        for key, each in wanted.items():
            if key not in self._series:
                found = await in_thread(partial(curve_series, each))
                self._series[key] = found if isinstance(found, dict) else {}
        others = {
            number: (each.name, self._series[each.name, each.mark])
            for number, each in enumerate(marked)
            if each is not run
        }
        line = {} if run is None else self._series[run.name, run.mark]
        floor = min((self._workspace.floor(each) for each in wanted.values()), default=math.inf)
        of_labels = any(self._workspace.of_labels(each) for each in wanted.values())
        self.curves.show("" if run is None else run.name, line, others, floor, of_labels)

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Read what is new in the folder, list it with the cursor on the wanted run, and come back later.

        A look may take the place of one that is still reading; what was wanted is wanted of the later one.
        """
        if self._next_look is not None:
            self._next_look.stop()
        runs = await in_thread(self._folder.look)
        if not self.is_attached:
            return
        before = self.run
        if isinstance(runs, tuple):
            self._workspace.take(runs)
            # the ages go on, whether or not anything has changed
            wanted, self._wanted = self._wanted, None
            self._list(wanted or (None if before is None else before.name))
        wait = READS_EVERY if self._folder.pending else LOOKS_EVERY
        self._next_look = self.set_timer(wait, self._look)

    # --- keys ---

    def action_open(self) -> None:
        """Open the run under the cursor."""
        if self.run is not None:
            self.dismiss(self.run.path)

    def action_mark(self) -> None:
        """Draw the curve of the run under the cursor, or no longer, and go to the next one."""
        if self.run is None:
            return
        if not self._workspace.mark(self.run):
            self._host.say(f"{MOST_MARKED} runs are marked; space on one of them lets go of it")
        self.rows.go_to(self.rows.cursor + 1)
        self._list()

    def action_unmark(self) -> None:
        """Let go of all marks."""
        self._workspace.marked.clear()
        self._list()

    def action_sort(self, what: str) -> None:
        """Sort by the next of what there is, or the other way round."""
        before = self.run
        if what == "next":
            self._workspace.next_order()
        else:
            self._workspace.turn_round()
        self._list(None if before is None else before.name)

    def action_scale(self) -> None:
        """The losses about the plateaus, or all of them."""
        self.curves.turn_scale()

    def action_time(self) -> None:
        """Logarithmic or linear time under the curves."""
        self.curves.turn_time()

    def action_filter(self) -> None:
        """Ask which runs to list."""
        page = AskLine("Runs to list", "that have", self._workspace.where, _HINT, self._choose, wide=True)
        self.app.push_screen(page, lambda where: None if where is None else self._list())

    def _choose(self, text: str) -> str:
        self._workspace.choose(text)
        return text

    # --- runs that leave, and come back ---

    def action_delete(self) -> None:
        """Ask whether to delete the marked runs, or the one under the cursor."""
        names = [*self._workspace.marked] or ([self.run.name] if self.run is not None else [])
        if not names or self._must_stay(names):
            return
        what = names[0] if len(names) == 1 else f"the {len(names)} marked runs"
        doing = f"put {'it' if len(names) == 1 else 'them'} into {self._folder.path / BIN}; u undoes that"
        self.app.push_screen(
            Confirm(f"Delete {what}?", doing), lambda yes: self._delete(names) if yes else None
        )

    def _delete(self, names: list[str]) -> None:
        self._let_go([self._folder.path / name for name in names])
        self._changed(lambda: self._folder.delete(names))

    def action_rename(self) -> None:
        """Ask for another name of the run under the cursor."""
        run = self.run
        if run is None or self._must_stay([run.name]):
            return
        hint = "enter renames the directory   esc leaves it as it is"
        page = AskLine(
            "Rename the run", "to", run.name, hint, lambda text: self._rename(run.name, text.strip())
        )
        self.app.push_screen(page, self._renamed)

    def _renamed(self, new: str | None) -> None:
        if new is not None:
            self._wanted = new
            self._look()

    def _rename(self, name: str, new: str) -> str:
        if new != name:
            self._let_go([self._folder.path / name])
            self._folder.rename(name, new)
            self._workspace.marked = [new if each == name else each for each in self._workspace.marked]
        return new

    def action_restore(self) -> None:
        """Bring back what was deleted last."""
        self._changed(self._folder.restore)

    def action_empty(self) -> None:
        """Ask whether to delete for good what is in the bin."""
        count = self._folder.in_bin
        if not count:
            self._host.say("the bin is empty")
            return
        question = f"Delete {count} run{'s' if count > 1 else ''} in the bin for good?"
        page = Confirm(question, "delete: nothing brings them back")
        self.app.push_screen(page, lambda yes: self._changed(self._folder.empty_bin) if yes else None)

    def _must_stay(self, names: list[str]) -> bool:
        """Whether one of these runs stays, as it is on show or being written; then that is said."""
        running = {run.name for run in self._workspace.runs if run.status == "running"}
        for name in names:
            if name in running:
                self._host.complain(
                    f"{name} is being written by a run that goes on; expected it to have ended"
                )
                return True
            if self._is_open(self._folder.path / name):
                self._host.complain(f"{name} is open in the app; open another run first")
                return True
        return False

    def _changed(self, change: Callable[[], object]) -> None:
        """Do something to the folder, and list what is there then."""
        try:
            change()
        except ReluflowError as error:
            self._host.complain(error)
        self._look()
