"""A headless run to its end: shown, saved now and then, and ended in order by a signal."""

from contextlib import suppress
from typing import Final

from reluflow.cli.interruption import BrokenOffError, Interruption
from reluflow.cli.output import remark, say
from reluflow.cli.progress import Progress
from reluflow.errors import RunError, sentence
from reluflow.store.run_directory import CHECK, RunWriter
from reluflow.training.checking import check
from reluflow.training.saving import Saver
from reluflow.training.training import Training

#: Seconds of solving between two looks at the run.
LOOK_EVERY: Final = 0.05
#: Seconds that a step of a check gets to be given up after a signal: by then the run is saved.
CHECK_PATIENCE: Final = 0.5


class Loop:
    """One run with a directory to save it in."""

    def __init__(self, training: Training, saver: Saver, interruption: Interruption, quiet: bool) -> None:
        self._training = training
        self._saver = saver
        self._interruption = interruption
        self._quiet = quiet
        self._progress = Progress(training, quiet)
        #: why the last save failed, which is said once
        self._trouble = ""

    def run(self) -> None:
        """Solve until the run ends or a signal comes, and save.

        Raises RunError if the last save fails, and BrokenOffError if a signal comes in a step that cannot be
        given up: then what was saved last is kept.
        """
        try:
            with self._interruption.breaking_off():
                self._training.run(self._look, LOOK_EVERY, self._interrupted_by)
        except Exception as error:  # whatever goes wrong in a solver, what it has solved is saved
            self._training.break_off(sentence(error))
        finally:
            self._progress.close()
        self._saver.save()

    def check(self, writer: RunWriter) -> bool:
        """Compare the run, if it came to an end, with one at a tighter tolerance, and save what came of it.

        Returns False if a signal ended that; the run is saved already. Raises RunError if it cannot be saved.
        """
        if self._training.status in ("interrupted", "failed"):
            return True
        progress: list[Progress] = []

        def look(finer: Training) -> None:
            if not progress:
                progress.append(Progress(finer, self._quiet))
            progress[0].show()

        found = None
        with suppress(BrokenOffError), self._interruption.breaking_off(CHECK_PATIENCE):
            found = check(self._training, look, lambda: self._interruption.name)
        for each in progress:
            each.close()
        if found is None:
            kept = "with the figures of an earlier one" if writer.has_check else "without it"
            say(f"reluflow: the check was interrupted; the run is saved {kept}")
            return False
        writer.note(CHECK, found.told())
        self._saver.save()
        return True

    def _look(self, _: Training) -> None:
        self._progress.show()
        try:
            with self._interruption.waiting():
                if self._saver.save_if_due():
                    self._trouble = ""
        except RunError as error:  # there may be room again later
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._progress.close()
                remark(f"{error}; the run goes on and will be saved later")

    def _interrupted_by(self) -> str | None:
        self._progress.show_within_step()
        return self._interruption.name
