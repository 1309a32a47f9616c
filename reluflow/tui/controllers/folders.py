"""The folders controller shows the sweep or the runs of a folder, and opens runs from there."""

from typing import TYPE_CHECKING

from reluflow.errors import ReluflowError
from reluflow.plot.glyphs import Glyphs
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.opening import Opening
from reluflow.tui.controllers.parameters import Parameters

if TYPE_CHECKING:
    from reluflow.sweep.opening import Sweep
    from reluflow.tui.sweep_view import SweepView


class Folders:
    """Shows pages of folders. What was looked at last is shown again as it was left."""

    def __init__(self, parameters: Parameters, opening: Opening, host: Host, glyphs: Glyphs) -> None:
        self._parameters, self._opening, self._host, self._glyphs = parameters, opening, host, glyphs
        self._view: SweepView | None = None

    def show_sweep(self) -> None:
        """The sweep that was opened last, as a map and a table."""
        if self._view is None:
            self._host.say("no sweep is open; reluflow tui DIR opens the folder of one")
            return
        from reluflow.tui.screens.sweep_page import SweepPage

        self._host.ask(SweepPage(self._view, self._glyphs), self._open_point)

    def show(self, sweep: "Sweep") -> None:
        """Show a sweep for the first time."""
        from reluflow.tui.sweep_view import SweepView

        self._view = SweepView(sweep)
        self.show_sweep()

    def _open_point(self, number: int | None) -> None:
        """Open the run of a point: the one that is stored, else solved again from its preset."""
        if number is None or self._view is None:
            return
        from reluflow.sweep.running import RUNS
        from reluflow.sweep.solving import place_of

        sweep = self._view.sweep
        stored = place_of(sweep.path / RUNS, sweep.study, number)
        if stored.is_dir():
            self._opening.open(str(stored))
            return
        try:
            self._opening.begin(sweep.study.preset_at(number))
        except ReluflowError as error:
            self._host.complain(error)
