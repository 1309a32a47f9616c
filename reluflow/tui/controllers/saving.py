"""The saving controller has presets and runs written, and ends the app."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from reluflow.live.frame import Frame
from reluflow.live.session import Session
from reluflow.plot.axes import short
from reluflow.store.preset import Preset
from reluflow.store.toml_text import TEXTS
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.cursor import Cursor

if TYPE_CHECKING:
    from reluflow.tui.screens.save_preset import SaveRequest

#: A run that took no more seconds of solving than this is there again in a moment at the next start, which
#: takes up what was on screen: leaving it asks nothing.
QUICK_SECONDS: Final = 3.0


class Saving:
    """Has presets and runs written, says how that went, and leaves. ``leave`` ends the app.

    ``farewell``: where the run is that was saved on leaving, to be told when the screen is gone.
    """

    def __init__(
        self,
        session: Session,
        cursor: Cursor,
        parameters: Parameters,
        host: Host,
        leave: Callable[[], None],
    ) -> None:
        self._session, self._cursor, self._parameters, self._host = session, cursor, parameters, host
        self._leave = leave
        self._saves_preset = False
        self._leaves_when_saved = False
        self.farewell: str | None = None
        #: the number of the newest notice that was told
        self._told = 0

    def ask_preset(self) -> None:
        """Ask what to save the parameters as."""
        from reluflow.tui.screens.save_preset import SavePreset

        moment = self._cursor.moment
        when = f"t = {short(moment.t)}" if moment is not None else ""
        preset, same_data = self._parameters.present, self._parameters.has_data_of_file
        self._host.ask(SavePreset(own_name(preset), when, texts_of(preset, same_data)), self.save_preset)

    def save_preset(self, request: "SaveRequest | None") -> None:
        """Save the parameters, with the recorded state at or before the cursor if wanted."""
        if request is None:
            return
        self._saves_preset = True
        history = self._cursor.history
        state = None
        if request.with_state and history is not None:
            state = history.recorded_at(self._cursor.playback.t)
        self._session.save_preset(request.name, state, request.overwrite, request.texts)

    def write_run(self) -> None:
        """Write the run so far to its directory."""
        self._session.save_run()

    def quit(self) -> None:
        """Leave; where a run that took long would be lost, ask first."""
        running = self._session.frame.status == "running"
        self._session.halt()
        self._host.pull()
        frame = self._session.frame
        if frame.unsaved and frame.wall_seconds > QUICK_SECONDS:
            from reluflow.tui.screens.question import QuitQuestion

            self._host.ask(QuitQuestion(), lambda answer: self._quit(answer, running))
        else:
            self._leave()

    def _quit(self, answer: str | None, running: bool) -> None:
        if answer == "leave":
            self._leave()
        elif answer == "save":
            self._leaves_when_saved = True
            self._session.save_run()
        elif running:
            self._session.run()

    def follow(self, frame: Frame) -> bool:
        """Say how a save went that a frame tells of; whether the values on file are others since."""
        note = frame.note
        if note is None or note.number == self._told:
            return False
        self._told = note.number
        (self._host.complain if note.failed else self._host.say)(note.text)
        present = self._parameters.present
        if frame.preset is not present and frame.preset.values == present.values:
            # written elsewhere: the files that it names are there
            self._parameters.replace(frame.preset)
        if self._saves_preset:
            self._saves_preset = False
            if not note.failed:
                self._parameters.note_on_file(frame.preset)
            return not note.failed
        if self._leaves_when_saved:
            self._leaves_when_saved = False
            if not note.failed:
                self.farewell = note.text
                self._leave()
        return False


def texts_of(preset: Preset, same_data: bool) -> dict[str, str]:
    """Title, source and notes to begin with: where the data are others, those of the file are not theirs."""
    return {name: getattr(preset, name) if same_data else "" for name in TEXTS}


def own_name(preset: Preset) -> str:
    """A name to begin with: shipped presets cannot be saved over."""
    return preset.name if preset.name.startswith("my-") else f"my-{preset.name}"
