"""What the keys do that make, keep and leave runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from reluflow.errors import ReluflowError
from reluflow.live.frame import Frame, Refusal
from reluflow.plot.axes import short
from reluflow.store.live_runs import discard
from reluflow.store.preset import Preset, load_preset
from reluflow.store.run_directory import Run
from reluflow.tui.compare import Origin
from reluflow.tui.core import Core

if TYPE_CHECKING:
    from reluflow.tui.screens.save_preset import SaveRequest

#: A run that took no more seconds of solving than this is there again in a moment at the next start, which
#: takes up what was on screen: leaving it asks nothing.
AGAIN_SECONDS: Final = 3.0


class RunKeys(Core):
    """Actions on whole runs."""

    _saving_as: str | None = None
    _exit_when_saved = False
    _refused: Refusal | None = None
    #: what the list of presets begins with, None for its first
    suggested_preset: str | None = None

    def action_open(self) -> None:
        from reluflow.tui.screens.preset_list import PresetList

        self.push_screen(PresetList(self.suggested_preset), self._open)

    def _open(self, name: str | None) -> None:
        if name is None:
            return
        try:
            preset = load_preset(name)
        except ReluflowError as error:
            self.complain(error)
            return
        self.is_on_file(preset)
        self.cursor.restart(playing=True)
        self.start(preset)

    def offer_left(self, runs: Sequence[Run]) -> None:
        """Ask what is to become of the newest of the runs that were left behind."""
        from reluflow.tui.offers import left_line
        from reluflow.tui.screens.left_behind import LeftBehind

        run, *more = runs
        question = LeftBehind(left_line(run), len(more), run.unfinished)
        self.push_screen(question, lambda answer: self._take_left(run, answer))

    def _take_left(self, run: Run, answer: str | None) -> None:
        if answer == "take up":
            self._open(str(run.path))
            self.say("h goes on with it; w keeps it in runs" if run.unfinished else "w keeps it in runs")
        elif answer == "discard":
            if discard(run.path):
                self.say("deleted")
            else:
                self.complain(f"{run.path} could not be deleted; another app may have taken it up")

    def action_save(self) -> None:
        from reluflow.tui.screens.save_preset import SavePreset

        moment = self.moment
        when = f"t = {short(moment.t)}" if moment is not None else ""
        self.push_screen(SavePreset(own_name(self.changes.present), when), self._save)

    def _save(self, request: "SaveRequest | None") -> None:
        if request is None:
            return
        self._saving_as = request.name
        history = self.cursor.history
        state = None
        if request.with_state and history is not None:
            state = history.recorded_at(self.cursor.playback.t)
        self.session.save_preset(request.name, state, request.overwrite)

    def action_write(self) -> None:
        self.session.save_run()

    def action_branch(self) -> None:
        """A new run from the recorded state at or before the cursor."""
        moment = self.moment
        if moment is None or moment.frame.history is None:
            return
        self.session.branch(moment.frame, moment.t)
        self.branched = (self.session.frame.generation, moment.frame.history.recorded_at(moment.t).t)

    def adopt_branch(self, live: Frame) -> None:
        """The branch that was asked for, once it is what is run, is the present preset."""
        if self.branched is None:
            return
        generation, t = self.branched
        if live.generation > generation and live.preset is not self.changes.present:
            self.branched = None
            parent = self.changes.present.name
            before = self.origins.get(parent, Origin(parent))
            self.origins[live.preset.name] = Origin(before.name, before.t + t)
            self.is_on_file(live.preset)
            self.changes.go(live.preset)
            self.say(f"a run of its own from t = {short(t)}; u goes back")

    def action_undo(self) -> None:
        self._turn(self.changes.undo(), "undo")

    def action_redo(self) -> None:
        self._turn(self.changes.redo(), "redo")

    def _turn(self, preset: Preset | None, what: str) -> None:
        if preset is None:
            self.say(f"there is nothing to {what}")
        else:
            self.run_preset(preset, keep_place=True)

    async def action_quit(self) -> None:
        running = self.session.frame.status == "running"
        self.session.halt()
        self.pull()
        frame = self.session.frame
        if frame.unsaved and frame.wall_seconds > AGAIN_SECONDS:
            from reluflow.tui.screens.question import QuitQuestion

            self.push_screen(QuitQuestion(), lambda answer: self._quit(answer, running))
        else:
            self.exit()

    def _quit(self, answer: str | None, running: bool) -> None:
        if answer == "leave":
            self.exit()
        elif answer == "save":
            self._exit_when_saved = True
            self.session.save_run()
        elif running:
            self.session.run()

    def take_refusal(self, live: Frame) -> None:
        """Say why a preset cannot be run; what is run stays, with its own parameters."""
        refused = live.refused
        if refused is None or refused is self._refused:
            return
        self._refused = refused
        self.complain(refused.text)
        if refused.preset is self.changes.present:
            self.changes.refuse(live.preset)

    def saved_as(self, frame: Frame) -> bool:
        """Say how a save went; whether the parameters on file are now those on screen."""
        note = frame.note
        if note is None:
            return False
        if note.failed:
            self.complain(note.text)
        else:
            self.say(note.text)
        if frame.preset is not self.changes.present and frame.preset.values == self.changes.present.values:
            # written down elsewhere: the files that it names are there
            self.changes.replace(frame.preset)
        if self._saving_as is not None:
            self._saving_as = None
            if not note.failed:
                self.is_on_file(frame.preset)
                return True
        elif self._exit_when_saved:
            self._exit_when_saved = False
            if not note.failed:
                self.exit()
        return False


def own_name(preset: Preset) -> str:
    """A name to start from: shipped presets cannot be saved over."""
    return preset.name if preset.name.startswith("my-") else f"my-{preset.name}"
