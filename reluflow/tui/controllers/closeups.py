"""The closeups controller solves the loss in a window anew, where the record is coarser than the window."""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.flow import DEFAULT_METHOD
from reluflow.flow.base import Options
from reluflow.live.frame import Frame
from reluflow.network import Array
from reluflow.training.closeup import CloseUp, close_up
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.controllers.host import Host
from reluflow.tui.moment import Moment

#: Products of a neuron, a sample and a time up to which all times are solved for; beyond there are fewer.
MOST_PRODUCTS: Final = 4e7
#: Times that are solved for in any case.
LEAST_TIMES: Final = 16


class CloseUps:
    """One closeup of the run on show at a time, in a thread of its own.

    ``closeup``: the losses that are known, None without any. ``changed``: called with it when it is another.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self.closeup: CloseUp | None = None
        self.changed: Callable[[CloseUp | None], None] = lambda _: None
        self._wanted: Array | None = None
        self._frame: Frame | None = None
        #: what the last one was solved of: the times, and the number of the run
        self._solved: tuple[Array, int] | None = None
        self._busy = False

    def follow(self, moment: Moment) -> None:
        """Take a newer moment; of another run nothing is known."""
        before, self._frame = self._frame, moment.frame
        if before is not None and before.generation != moment.frame.generation:
            self._hold(None)
        self._solve_next()

    def look_at(self, times: Array | None) -> None:
        """Solve for the loss at other flow times; None: there is no window."""
        self._wanted = times
        if times is None:
            self._hold(None)
        self._solve_next()

    def _hold(self, closeup: CloseUp | None) -> None:
        if closeup is not self.closeup:
            self.closeup = closeup
            self.changed(closeup)

    def _solve_next(self) -> None:
        """Begin what is wanted, unless the one before is still on its way; that is then given up."""
        frame, times = self._frame, self._wanted
        if self._busy or frame is None or times is None or not _is_coarse(frame, times):
            return
        if self._solved is not None and self._solved[0] is times and self._solved[1] == frame.generation:
            return
        self._busy, self._solved = True, (times, frame.generation)
        self._host.in_background(partial(self._solve, frame, times))

    async def _solve(self, frame: Frame, times: Array) -> None:
        found = await in_thread(lambda: solved(frame, times, lambda: self._is_outdated(frame, times)))
        self._busy = False
        if isinstance(found, Broken):
            self._host.complain(f"the closeup cannot be solved: {found.sentence}")
        elif not self._is_outdated(frame, times) and found is not None:
            self._hold(found)
        self._solve_next()

    def _is_outdated(self, frame: Frame, times: Array) -> bool:
        """Whether something else is wanted by now."""
        newest = self._frame
        return self._wanted is not times or newest is None or newest.generation != frame.generation


def _is_coarse(frame: Frame, times: Array) -> bool:
    """Whether the record of a run, which has come past the times, has fewer rows between them."""
    history = frame.history
    if history is None or frame.problem is None or not frame.method:
        return False
    if history.end < times[-1] and not frame.over:
        return False
    t = history.series["t"]
    inside = np.searchsorted(t, times[-1], side="right") - np.searchsorted(t, times[0], side="left")
    return bool(times[0] < history.end and inside < times.size)


def solved(frame: Frame, times: Array, abandoned: Callable[[], bool]) -> CloseUp | None:
    """The losses of the run of a frame at flow times, or at some of them; None if they cannot be had."""
    history, problem = frame.history, frame.problem
    assert history is not None
    assert problem is not None
    times = times[times <= history.end]
    pairs = problem.width * problem.samples
    count = max(int(MOST_PRODUCTS / pairs), LEAST_TIMES)
    if times.size > count:
        times = times[np.linspace(0, times.size - 1, count).round().astype(int)]
    if not times.size:
        return None
    try:
        method = frame.method or DEFAULT_METHOD
        begun = history.recorded_at(float(times[0]))
        return close_up(problem, method, Options.of(frame.preset.values), begun, times, abandoned)
    except (ReluflowError, ArithmeticError, MemoryError):
        return None  # what is recorded stays on show
