"""The folders controller shows the sweep or the runs of a folder, and opens runs from there."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reluflow.errors import ReluflowError
from reluflow.plot.glyphs import Glyphs
from reluflow.store.preset import load_preset
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.opening import Opening
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.tour_cards import TOY

if TYPE_CHECKING:
    from reluflow.store.run_folder import RunFolder
    from reluflow.sweep.opening import Sweep
    from reluflow.tui.sweep_view import SweepView
    from reluflow.tui.workspace import Workspace

#: Where runs of the working folder are.
RUNS: Final = Path("runs")


class Folders:
    """Shows pages of folders. What was looked at last is shown again as it was left."""

    def __init__(self, parameters: Parameters, opening: Opening, host: Host, glyphs: Glyphs) -> None:
        self._parameters, self._opening, self._host, self._glyphs = parameters, opening, host, glyphs
        self._view: SweepView | None = None
        self._workspace: Workspace | None = None
        #: the run directory that the app itself opened behind a folder of runs, until the page is left
        self._behind: Path | None = None

    def show(self, shown: "Sweep | RunFolder") -> None:
        """Show a folder that was opened with the app."""
        from reluflow.store.run_folder import RunFolder
        from reluflow.tui.sweep_view import SweepView

        if isinstance(shown, RunFolder):
            self._behind = self._parameters.present.folder.resolve()
            self._show_runs_of(shown)
        else:
            self._view = SweepView(shown)
            self.show_sweep()

    def show_runs(self) -> None:
        """The runs of the folder that was opened last, or of runs/."""
        from reluflow.store.run_folder import RunFolder

        if self._workspace is None and not RUNS.is_dir():
            self._host.say("there is no folder runs here; w writes the run on show into it")
            return
        self._show_runs_of(RunFolder(RUNS) if self._workspace is None else self._workspace.folder)

    def _show_runs_of(self, folder: "RunFolder") -> None:
        from reluflow.tui.screens.workspace_page import WorkspacePage
        from reluflow.tui.workspace import Workspace

        if self._workspace is None or self._workspace.folder is not folder:
            self._workspace = Workspace(folder)
        page = WorkspacePage(self._workspace, self._is_open, self._let_go, self._host, self._glyphs)
        self._host.ask(page, self._left)

    def _left(self, path: Path | None) -> None:
        self._behind = None
        if path is not None:
            self._opening.open(str(path))

    def _is_open(self, path: Path) -> bool:
        """Whether a run directory is the one whose run the user has on show."""
        return path.resolve() == self._parameters.present.folder.resolve() != self._behind

    def _let_go(self, paths: Sequence[Path]) -> None:
        """Before run directories leave: where one is open that nobody asked for, open the first preset."""
        if self._behind is not None and self._behind in [path.resolve() for path in paths]:
            self._behind = None
            self._opening.begin(load_preset(TOY))

    def show_sweep(self) -> None:
        """The sweep that was opened last, as a map and a table."""
        if self._view is None:
            self._host.say("no sweep is open; reluflow tui DIR opens the folder of one")
            return
        from reluflow.tui.screens.sweep_page import SweepPage

        self._host.ask(SweepPage(self._view, self._glyphs), self._open_point)

    def _open_point(self, number: int | None) -> None:
        """Open the run of a point: the one that is stored, else solved again from its preset."""
        if number is None or self._view is None:
            return
        from reluflow.sweep import running
        from reluflow.sweep.solving import place_of

        sweep = self._view.sweep
        stored = place_of(sweep.path / running.RUNS, sweep.study, number)
        if stored.is_dir():
            self._opening.open(str(stored))
            return
        try:
            self._opening.begin(sweep.study.preset_at(number))
        except ReluflowError as error:
            self._host.complain(error)
