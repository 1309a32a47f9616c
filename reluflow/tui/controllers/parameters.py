"""The parameters controller starts runs, undoes changes, and knows which values are on file."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from reluflow.errors import ReluflowError
from reluflow.live.frame import Frame, Refusal
from reluflow.live.session import Session
from reluflow.plot.axes import short
from reluflow.store.preset import Preset, typed_values
from reluflow.store.run_directory import Run
from reluflow.training.resumption import stored_run
from reluflow.tui.controllers.host import Host
from reluflow.tui.cursor import Cursor
from reluflow.tui.frozen_runs import Origin
from reluflow.tui.undo import UndoHistory

if TYPE_CHECKING:
    from reluflow.theory.nudges import Nudge

#: A run that takes no more seconds of solving than this is solved again at each step of a number.
AT_ONCE_SECONDS: Final = 3.0


class Parameters:
    """Starts runs and undoes changes of their parameters.

    ``origins``: where branches began, by the name of their preset. ``turns``: how often a change was undone
    or redone: the preset that is present then may be the one on show, and what is typed another one's.
    """

    def __init__(self, session: Session, cursor: Cursor, host: Host) -> None:
        self._session, self._cursor, self._host = session, cursor, host
        self._history = UndoHistory(session.frame.preset)
        self._on_file: dict[str, Mapping[str, Any]] = {}
        self.note_on_file(session.frame.preset)
        self.origins: dict[str, Origin] = {}
        #: the generation of the run that a branch was asked of, the time that it begins at, and its changes
        self._branched: tuple[int, float, Sequence[Nudge]] | None = None
        self._refused: Refusal | None = None
        self.turns = 0

    @property
    def present(self) -> Preset:
        """The preset that is run, or is to be as soon as it is built."""
        return self._history.present

    @property
    def saved(self) -> Mapping[str, Any]:
        """The values on file of that preset."""
        return self._on_file.get(self.present.name, self.present.values)

    @property
    def has_data_of_file(self) -> bool:
        """Whether the data of the present preset are those that it has on file."""
        present, saved = self.present.values, self.saved
        ids = {id for id in (*present, *saved) if id.startswith("data.")}
        return all(present.get(id) == saved.get(id) for id in ids)

    def note_on_file(self, preset: Preset) -> None:
        """A preset was read from its file, or written to it."""
        self._on_file[preset.name] = preset.values

    def replace(self, preset: Preset) -> None:
        """The present preset was written elsewhere, with the files that it names."""
        self._history.replace(preset)

    # --- starting runs ---

    def start(self, preset: Preset, *, keep_place: bool = False) -> None:
        """Run another preset; ``keep_place`` leaves the cursor at its share of the run."""
        self._history.add(preset)
        self._run(preset, keep_place=keep_place)

    def apply(self, values: Mapping[str, Any]) -> None:
        """Run with these values changed (by ``section.key``; None unsets one)."""
        try:
            self._start_changed(typed_values(values))
        except ReluflowError as error:
            self._host.complain(error)

    def step(self, values: Mapping[str, Any]) -> None:
        """Run with a number changed, if that takes no time; else it waits in its field to be applied."""
        if self._session.frame.wall_seconds <= AT_ONCE_SECONDS:
            with contextlib.suppress(ReluflowError):
                self._start_changed(values, keep_place=True)

    def _start_changed(self, values: Mapping[str, Any], *, keep_place: bool = False) -> None:
        """Run with these values; what is run, or is to be, goes on where it has them already."""
        preset = self.present.with_values(values)
        if preset.values != self.present.values:
            self.start(preset, keep_place=keep_place)

    def undo(self) -> None:
        """Run the parameters before."""
        self._turn(self._history.undo(), "undo")

    def redo(self) -> None:
        """Run the parameters that were undone last."""
        self._turn(self._history.redo(), "redo")

    def _turn(self, preset: Preset | None, what: str) -> None:
        if preset is None:
            self._host.say(f"there is nothing to {what}")
        else:
            self.turns += 1
            self._run(preset, keep_place=True)

    def _run(self, preset: Preset, *, keep_place: bool) -> None:
        self._branched = None
        try:
            found = stored_run(preset)
        except ReluflowError as error:
            self._host.complain(error)
            return
        if keep_place:
            self._cursor.hold_place()
        if found is None:
            self._session.change(preset)
            self._session.run()
        else:
            self._show_stored(*found)
        self._host.pull()

    def _show_stored(self, run: Run, preset: Preset) -> None:
        """Show what a run directory holds, to its end; only other stop rules make the run go on by itself."""
        goes_on = preset.values != run.preset.values
        self._history.replace(preset)
        self._session.change(preset, run)
        (self._session.run if goes_on else self._session.halt)()
        self._cursor.await_time(math.inf)

    # --- branches, and presets that cannot be run ---

    def branch(self, nudges: "Sequence[Nudge]" = ()) -> None:
        """Start a new run from the recorded state at or before the cursor, with some neurons changed."""
        moment = self._cursor.moment
        if moment is None or moment.frame.history is None:
            return
        self._session.branch(moment.frame, moment.t, nudges)
        begun = moment.frame.history.recorded_at(moment.t).t
        self._branched = (self._session.frame.generation, begun, nudges)

    def follow(self, live: Frame) -> None:
        """Take note of what the session made of what was asked: a branch, or a preset that it refused."""
        self._adopt_branch(live)
        self._take_refusal(live)

    def _adopt_branch(self, live: Frame) -> None:
        """The branch that was asked for, once it is what is run, is the present preset."""
        if self._branched is None:
            return
        generation, t, nudges = self._branched
        if live.generation > generation and live.preset is not self.present:
            self._branched = None
            parent = self.present.name
            before = self.origins.get(parent, Origin(parent))
            self.origins[live.preset.name] = Origin(before.name, before.t + t)
            self.note_on_file(live.preset)
            self._history.add(live.preset)
            changed = f" with {', '.join(map(str, nudges))}" if nudges else ""
            self._host.say(f"a run of its own from t = {short(t)}{changed}; u goes back")

    def _take_refusal(self, live: Frame) -> None:
        """Say why a preset cannot be run; what is run stays, with its own parameters."""
        refused = live.refused
        if refused is None or refused is self._refused:
            return
        self._refused = refused
        self._host.complain(refused.text)
        if refused.preset is self.present:
            self._history.go_back_to(live.preset)
