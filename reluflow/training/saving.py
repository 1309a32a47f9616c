"""Saving a run to its directory while it is solved, between two steps."""

import time
from typing import Final

from reluflow.store.run_directory import RunWriter
from reluflow.training.training import Training

#: Seconds of solving before the first save.
FIRST_SECONDS: Final = 1.0
#: Seconds of solving between two saves, at least, and so many times what the one before took. With the save
#: itself a process that is killed loses at most two seconds of solving, or twenty times what a save takes if
#: that is more, beside the step that was being taken.
SAVE_SECONDS: Final = 1.9
SAVE_SHARE: Final = 19.0


class SaveTimes:
    """When a run is to be saved again, in seconds for which it was solved."""

    def __init__(self) -> None:
        self._next = FIRST_SECONDS

    def is_due(self, solved: float) -> bool:
        """Whether it is time to."""
        return solved >= self._next

    def saved(self, solved: float, took: float) -> None:
        """A save took so many seconds, or failed after them."""
        self._next = solved + max(SAVE_SECONDS, SAVE_SHARE * took)


class Saver:
    """Writes one run to its directory, now and then and at its end."""

    def __init__(self, training: Training, writer: RunWriter) -> None:
        self._training = training
        self._writer = writer
        self._begun = training.wall_seconds
        self._saved_steps = training.solver.steps
        self._times = SaveTimes()

    def save_if_due(self) -> bool:
        """Save what is new if it is time to, and whether it was. Raises RunError; it is tried again later."""
        solved = self._training.wall_seconds - self._begun
        if not self._times.is_due(solved) or self._training.solver.steps <= self._saved_steps:
            return False
        began = time.monotonic()
        try:
            self.save()
        finally:
            self._times.saved(solved, time.monotonic() - began)
        return True

    def save(self) -> None:
        """Save now. Raises RunError."""
        self._writer.save(self._training)
        self._saved_steps = self._training.solver.steps
