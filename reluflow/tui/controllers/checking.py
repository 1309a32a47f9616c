"""The checking controller says how sure the run on show is, by the same one at a tighter tolerance."""

from functools import partial

from reluflow.errors import ReluflowError
from reluflow.flow import DESCENT
from reluflow.flow.base import Options
from reluflow.live.frame import Frame
from reluflow.training.checking import Check, Recorded, check_record, require_room, told_in_words
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.controllers.host import Host
from reluflow.tui.cursor import Cursor


class Checking:
    """Checks the run on show as far as it is recorded, one at a time; another run on show ends that."""

    def __init__(self, cursor: Cursor, host: Host) -> None:
        self._cursor, self._host = cursor, host
        self._busy = False

    def check(self) -> None:
        """Begin to check the run on show, or say why that cannot be."""
        moment = self._cursor.moment
        if self._busy:
            self._host.say("a run is being checked already")
            return
        run = None if moment is None else recorded(moment.frame)
        if moment is None or run is None:
            self._host.say("there is no run to check yet")
        elif run.method == DESCENT:
            self._host.say(f"method {run.method} has no tolerance: there is nothing to check it against")
        else:
            self._begin(run, moment.frame.generation)

    def _begin(self, run: Recorded, generation: int) -> None:
        try:
            require_room(run.options)
        except ReluflowError as error:
            self._host.complain(error)
            return
        self._busy = True
        self._host.say(f"checking the run up to t = {run.t[-1]:.6g} at a tighter tolerance")
        self._host.in_background(partial(self._check, run, generation))

    async def _check(self, run: Recorded, generation: int) -> None:
        def interrupted_by() -> str | None:
            moment = self._cursor.moment
            gone = not self._host.is_running or moment is None or moment.frame.generation != generation
            return "another run" if gone else None

        found = await in_thread(lambda: check_record(run, interrupted_by=interrupted_by))
        self._busy = False
        if isinstance(found, Check):
            self._host.say(f"checked: {told_in_words(found.told())}")
        elif isinstance(found, Broken):
            self._host.complain(f"the run cannot be checked: {found.sentence}")


def recorded(frame: Frame) -> Recorded | None:
    """The record of a frame's run; None while there is none."""
    history, problem = frame.history, frame.problem
    if history is None or problem is None or not history.end > 0.0:
        return None
    series, converged = history.series, frame.status == "converged"
    options = Options.of(frame.preset.values)
    return Recorded(problem, frame.method, options, series["t"], series["loss"], converged, history.events)
