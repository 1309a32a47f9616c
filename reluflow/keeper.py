"""The run directory that a live run is written to, once it is to be kept."""

from pathlib import Path

from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run, RunWriter
from reluflow.training import Training


class Keeper:
    """Writes one run after the other, each to a directory of its own."""

    def __init__(self, writer: RunWriter | None = None) -> None:
        """``writer``: of the directory that the first run is written to, if it is there already."""
        self._writer = writer
        self._stored: Run | None = None
        self._saved_steps = 0

    @property
    def folder(self) -> Path | None:
        """Where the run is written to; None if it was not kept so far."""
        return self._writer.path if self._writer else None

    def has_all_of(self, training: Training) -> bool:
        """Whether nothing would be lost with a run."""
        return training.solver.steps <= self._saved_steps

    def go_on_with(self, stored: Run, training: Training) -> None:
        """The run that follows is one that a directory holds."""
        self._stored, self._saved_steps = stored, training.solver.steps

    def save(self, preset: Preset, training: Training, folder: Path | None = None) -> Path:
        """Write a run; returns its directory, which is ``folder`` if the run has none. Raises RunError."""
        if self._writer is None:
            if self._stored is not None and folder is None:
                self._writer = RunWriter.reopen(self._stored, preset)
            else:
                self._writer = RunWriter.create(preset, training.problem, folder)
        self._writer.save(training)
        self._saved_steps = training.solver.steps
        return self._writer.path

    def release(self) -> None:
        """Give up the directory, if any: another run follows."""
        if self._writer is not None:
            self._writer.close()
        self._writer, self._stored, self._saved_steps = None, None, 0
