"""The opening controller opens presets, runs, files of data, and runs that another process left behind."""

from collections.abc import Sequence
from pathlib import Path

from reluflow.errors import ReluflowError
from reluflow.live.frame import Frame
from reluflow.plot.glyphs import BRAILLE, Glyphs
from reluflow.store.live_runs import discard
from reluflow.store.locations import typed
from reluflow.store.own_data import preset_of_data, remarks_of
from reluflow.store.preset import Preset, load_preset
from reluflow.store.run_directory import Run
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.controllers.points import Points
from reluflow.tui.cursor import Cursor
from reluflow.tui.files import is_data


class Opening:
    """Asks what to open, and opens it.

    ``suggested``: the preset that the cursor of the list begins on, None for the first one.
    """

    def __init__(self, cursor: Cursor, parameters: Parameters, host: Host, glyphs: Glyphs = BRAILLE) -> None:
        self._cursor, self._parameters, self._host = cursor, parameters, host
        #: the editor of points, which makes data to open
        self.points = Points(cursor, parameters, glyphs, host)
        self.suggested: str | None = None
        #: what is to be said of a run as soon as it is known whether it can go on
        self._greeting: str | None = None

    def greet(self, greeting: str, *, of_run: bool) -> None:
        """Say something about what the app begins with; of a run also how it goes on, if it can."""
        if of_run:
            self._greeting = greeting
        else:
            self._host.say(greeting)

    def follow(self, frame: Frame) -> None:
        """Say what is to be said of a run, once a frame shows what has become of it."""
        greeting = self._greeting
        if greeting is None or frame.busy:
            return
        self._greeting = None
        if frame.resumable and frame.error is None:
            goes_on = "a later stop lets it go on from there" if frame.over else "h goes on from there"
            greeting = f"{greeting}; {goes_on}"
        self._host.say(greeting)

    def ask(self) -> None:
        """Show the list of what can be opened."""
        from reluflow.tui.screens.preset_list import PresetList

        self._host.ask(PresetList(self.suggested), self.open)

    def open(self, name: str | None) -> None:
        """Run a preset by its name or the path of its file or run directory, or a file of data.

        None opens nothing.
        """
        if name is not None:
            self._opened(name)

    def _opened(self, name: str) -> bool:
        try:
            preset = self._data(name) if is_data(name) else load_preset(name)
        except ReluflowError as error:
            self._host.complain(error)
            return False
        self.begin(preset)
        return True

    def begin(self, preset: Preset) -> None:
        """Run a preset from its start, and play."""
        self._parameters.note_on_file(preset)
        self._cursor.restart(playing=True)
        self._parameters.start(preset)

    def _data(self, name: str) -> Preset:
        """The preset of a file of data; says what the file does not say itself."""
        preset = preset_of_data(Path(typed(name)), {})
        for remark in remarks_of(preset):
            self._host.say(remark)
        return preset

    def offer(self, runs: Sequence[Run]) -> None:
        """Ask what is to become of the first of the runs that were left behind."""
        from reluflow.tui.catalogue import goes_on, leftover_line
        from reluflow.tui.screens.leftover_run import LeftoverRun

        run, *more = runs
        question = LeftoverRun(leftover_line(run), len(more), goes_on(run))
        self._host.ask(question, lambda answer: self._take(run, answer))

    def _take(self, run: Run, answer: str | None) -> None:
        if answer == "take up":
            if self._opened(str(run.path)):
                self.greet("w keeps it in runs", of_run=True)
        elif answer == "discard":
            if discard(run.path):
                self._host.say("deleted")
            else:
                self._host.complain(f"{run.path} could not be deleted; another app may have taken it up")
