"""A range of a number solved beside the live run: by processes, and what the theory says by a thread."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from reluflow.errors import sentence
from reluflow.flow.patience import start_unwaited
from reluflow.live.front import Front
from reluflow.network import Array
from reluflow.sweep.processes import available
from reluflow.sweep.ranging import RangeTable, Result, coarse_to_fine, solve_range
from reluflow.sweep.solving import Cells
from reluflow.sweep.study import Study
from reluflow.sweep.theory import Predicted, predict
from reluflow.sweep.theory_line import predicted_value

#: Seconds for which the theory is asked about a range, at most.
THEORY_SECONDS: Final = 10.0
#: Seconds for which solving here stands back for a key or a frame, but not before so many, for a first point.
STANDS_BACK: Final = 0.02
HASTE: Final = 0.3
#: Seconds that the thread of a range gets to end, and its processes with it.
PATIENCE: Final = 5.0


class RangeSolving:
    """The points of a ``study`` of one number, as they come.

    ``changed`` is called, in another thread, when ``take`` has something new.
    """

    def __init__(self, study: Study, front: Front) -> None:
        self.study, self.table = study, RangeTable(study)
        #: why no more points come, in one sentence
        self.trouble = ""
        self.changed: Callable[[], object] = lambda: None
        self._front = front
        self._found: queue.SimpleQueue[list[Cells]] = queue.SimpleQueue()
        self._predicted: dict[int, Predicted] = {}
        self._is_asked = False
        self._stop, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether points are being solved, and more are to come."""
        return self._thread is not None and not self._over.is_set() and not self._stop.is_set()

    def begin(self) -> None:
        """Solve what is missing, coarse to fine; nothing if that goes on already."""
        if self.is_running or not self.table.missing:
            return
        self._stop, self._over, self.trouble = threading.Event(), threading.Event(), ""
        # the end of the process waits for this thread, because its processes end with it
        work = (self.table.missing, self._stop, self._over)
        self._thread = threading.Thread(target=self._solve, args=work, name="range")
        self._thread.start()

    def halt(self) -> None:
        """Solve no more; the points that are there stay."""
        self._stop.set()

    def close(self) -> None:
        """Halt, and wait until the processes are gone."""
        self.halt()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def take(self) -> None:
        """Put what has come in the meantime into the table; for the thread that shows it."""
        while not self._found.empty():
            self.table.add(self._found.get())

    def theory(self, column: str) -> Array | None:
        """What the theory says (k,) of a column so far, NaN where nothing; None if nothing at all."""
        values = np.full(self.table.x.size, np.nan)
        for number, predicted in list(self._predicted.items()):
            if column != "loss" or not predicted.fits:  # a run ends before it has the loss of a fit
                values[number] = predicted_value(predicted, column)
        return values if np.isfinite(values).any() else None

    @property
    def theory_name(self) -> str:
        """Which theory it is."""
        return next((each.setting for each in list(self._predicted.values())), "")

    def shown(self, result: Result) -> list[tuple[str, Array, Array | None]]:
        """The parts of a result: a word, its values (k,) and the theory's, those with any values."""
        parts = []
        for label, column in zip(result.labels, result.parts, strict=True):
            values = self.table.values(column)
            if np.isfinite(values).any():
                parts.append((label, values, self.theory(column)))
        return parts

    def _solve(self, numbers: list[int], stop: threading.Event, over: threading.Event) -> None:
        began = time.monotonic()

        def is_unwanted() -> bool:
            if time.monotonic() - began > HASTE:
                self._front.wait(STANDS_BACK)
            return stop.is_set()

        try:
            for rows in solve_range(self.study, numbers, available(), is_unwanted):
                if rows:
                    self._found.put(rows)
                    self.changed()
                    self._ask_theory(stop)
        except Exception as error:  # whatever is wrong beside the run is no reason to end the app
            self.trouble = sentence(error)
        over.set()  # the last change is seen when nothing is being solved any more
        self.changed()

    def _ask_theory(self, stop: threading.Event) -> None:
        """Ask the theory, once, in a thread of its own: it cannot be given up in the middle."""
        if not self._is_asked:
            self._is_asked = True
            start_unwaited(lambda: self._foretell(stop))

    def _foretell(self, stop: threading.Event) -> None:
        until = time.monotonic() + THEORY_SECONDS
        for number in coarse_to_fine(self.table.x.size):
            self._front.wait(STANDS_BACK)
            if stop.is_set() or time.monotonic() > until:
                return
            try:
                predicted = predict(self.study.preset_at(number))
            except Exception:  # a point that cannot be built is told by its row
                continue
            if isinstance(predicted, str):
                return
            self._predicted[number] = predicted
            self.changed()
