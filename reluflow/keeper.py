"""The run directory that a live run is written to."""

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from reluflow.errors import RunError
from reluflow.store.live_runs import discard, is_live, new_place
from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run, RunWriter
from reluflow.store.run_reader import PRESET
from reluflow.training import Training

#: Seconds of solving after which a run has a directory without having been asked for one.
LIVE_SECONDS: Final = 1.0
#: Seconds of solving that may be lost with the process, or so many times what one save takes.
SAVE_SECONDS: Final = 2.0
SAVE_SHARE: Final = 20.0


class Keeper:
    """Writes one run after the other, each to a directory of its own.

    ``writer``: of the directory that the first run is written to, if it is there already. ``live``: whether a
    run that takes long is written to the state folder until it is kept (see ``reluflow.store.live_runs``).
    """

    def __init__(self, writer: RunWriter | None = None, live: bool = False) -> None:
        self._writer = writer
        self._live = live
        self._stored: Run | None = None
        self._saved_steps = 0
        self._solved = 0.0
        self._next_save = LIVE_SECONDS
        self._stays = False

    @property
    def folder(self) -> Path | None:
        """Where the run is kept; None if nobody asked for that so far."""
        return None if self._writer is None or is_live(self._writer.path) else self._writer.path

    @property
    def place(self) -> Path | None:
        """Where the run is written to, kept or not."""
        return self._writer.path if self._writer else None

    def has_all_of(self, training: Training) -> bool:
        """Whether nothing would be lost with the process."""
        return training.solver.steps <= self._saved_steps

    def is_kept(self, training: Training) -> bool:
        """Whether nothing would be lost if another run took its place."""
        unwritten = self._writer is None and self._stored is None
        return training.solver.steps == 0 or (
            self.has_all_of(training) and not unwritten and (self._writer is None or self.folder is not None)
        )

    def go_on_with(self, stored: Run, training: Training) -> None:
        """The run that follows is one that a directory holds. Raises RunError if it has a writer."""
        if is_live(stored.path):
            self._writer = RunWriter.reopen(stored, stored.preset)
        else:
            self._stored = stored
        self._saved_steps = training.solver.steps

    # --- a run that nobody asked to keep ---

    def begin(self, preset: Preset, training: Training, seconds: float) -> None:
        """Make the directory of a run that was solved for so long; may be called within a step."""
        if self._live and self._writer is None and self._solved + seconds >= LIVE_SECONDS:
            try:
                self._writer = RunWriter.create(preset, training.problem, new_place())
            except RunError:  # no room, or no leave to write: the run goes on
                self._live = False

    def go_on(self, preset: Preset, training: Training, seconds: float) -> None:
        """Write a run that was solved for so much longer, if it is time to; not within a step."""
        self._solved += seconds
        if not self._live or self._solved < self._next_save or self.has_all_of(training):
            return
        self.begin(preset, training, 0.0)
        began = time.monotonic()
        with suppress(RunError):  # there may be room again later
            self.save_in_place(preset, training)
        took = time.monotonic() - began
        self._next_save = self._solved + max(SAVE_SECONDS, SAVE_SHARE * took)

    def save_in_place(self, preset: Preset, training: Training) -> Path:
        """Write a run where it is written already, else to the state folder if it may; else keep it.

        Raises RunError.
        """
        if self._writer is None and not self._live:
            return self.save(preset, training)
        if self._writer is None:
            self._writer = RunWriter.create(preset, training.problem, new_place())
        return self._save(self._writer, training)

    # --- a run that is to be kept ---

    def save(self, preset: Preset, training: Training, folder: Path | None = None) -> Path:
        """Keep a run; returns its directory, which is ``folder`` if the run has none. Raises RunError."""
        before = self._writer
        if before is not None and self.folder is not None:
            return self._save(before, training)
        if self._stored is not None and folder is None:
            writer = RunWriter.reopen(self._stored, preset)
        else:
            writer = RunWriter.create(preset, training.problem, folder)
        try:
            path = self._save(writer, training)
        except RunError:
            writer.close()
            raise
        self._writer = writer
        if before is not None:
            before.close()
            discard(before.path)
        return path

    def moved(self, preset: Preset) -> Preset:
        """The preset of a run that was kept: files that it names are now beside it there."""
        if self._writer is None or not is_live(preset.folder):
            return preset
        return replace(preset, folder=self._writer.path, path=self._writer.path / PRESET)

    def stay(self) -> None:
        """Leave what is written where it is when the process ends."""
        self._stays = True

    def release(self) -> None:
        """Give up the directory, if any: another run follows, and one that was not kept is gone."""
        if self._writer is not None:
            self._writer.close()
            if not self._stays:
                discard(self._writer.path)
        self._writer, self._stored, self._saved_steps = None, None, 0
        self._solved, self._next_save = 0.0, LIVE_SECONDS

    def _save(self, writer: RunWriter, training: Training) -> Path:
        writer.save(training)
        self._saved_steps = training.solver.steps
        return writer.path
