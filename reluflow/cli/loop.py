"""Advancing a run to its end: looked at, saved now and then, and ended in order by a signal."""

import time
from typing import Final

from reluflow.cli.interruption import Interruption
from reluflow.cli.output import say
from reluflow.cli.progress import Progress
from reluflow.errors import RunError
from reluflow.store.run_directory import RunWriter
from reluflow.training import Training

#: Seconds between two looks at the run, and between two saves at least.
LOOK_EVERY: Final = 0.1
SAVE_EVERY: Final = 10.0
#: Saving a large record takes at most one part in so many of the time.
SAVE_SHARE: Final = 20.0


class Loop:
    """One headless run with the directory that it is saved in."""

    def __init__(
        self, training: Training, writer: RunWriter, interruption: Interruption, quiet: bool
    ) -> None:
        self._training = training
        self._writer = writer
        self._interruption = interruption
        self._progress = Progress(training, quiet)
        self._next_save = time.monotonic() + SAVE_EVERY

    def run(self) -> None:
        """Advance until the run ends or a signal comes, and save.

        Raises RunError if the last save fails, and KeyboardInterrupt if a second signal breaks off a step:
        then what was saved last is kept.
        """
        training, interruption = self._training, self._interruption
        try:
            while training.status == "running":
                training.advance(seconds=LOOK_EVERY, halted=lambda: interruption.wished)
                if interruption.wished:
                    training.interrupt(f"stopped by {interruption.name} at t = {training.solver.t:.6g}")
                self._progress.show()
                if training.status == "running" and time.monotonic() >= self._next_save:
                    self._save_meanwhile()
        finally:
            self._progress.close()
        self._save()

    def _save(self) -> None:
        with self._interruption.shielded():
            self._writer.save(self._training)

    def _save_meanwhile(self) -> None:
        """Save, but go on if that fails: there may be room on the disc again when the run ends."""
        began = time.monotonic()
        try:
            self._save()
        except RunError as error:
            self._progress.close()
            say(f"reluflow: {error}; the run goes on and will be saved later")
        took = time.monotonic() - began
        self._next_save = began + took + max(SAVE_EVERY, SAVE_SHARE * took)
