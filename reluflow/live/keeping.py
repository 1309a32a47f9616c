"""The run directory that a live run is written to."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from reluflow.errors import RunError
from reluflow.store.live_runs import discard, is_live, new_place
from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run, RunWriter
from reluflow.store.run_reader import PRESET
from reluflow.training.saving import SaveTimes
from reluflow.training.training import Training

#: Seconds of solving after which a run has a directory without having been asked for one.
LIVE_SECONDS: Final = 1.0
#: Seconds between two looks at whether a step takes long.
LOOK_SECONDS: Final = 0.2


class Keeper:
    """Writes one run after the other, each to a directory of its own, now and then while it is solved.

    ``live``: whether a run that takes long is written to the state folder until it is kept (see
    ``reluflow.store.live_runs``). ``moved``: called with the directory, or None, when that is another.
    """

    def __init__(self, live: bool, moved: Callable[[Path | None], None] = lambda _: None) -> None:
        self._writer: RunWriter | None = None
        self._live = live
        self._moved = moved
        self._stored: Run | None = None
        self._saved_steps = 0
        self._solved = 0.0
        self._times = SaveTimes()
        self._stays = False
        #: held while the directory changes: a step that takes long is watched by a thread of its own
        self._lock = threading.RLock()
        self._present: tuple[Preset, Training, float] | None = None
        self._watches = False
        self._closed = threading.Event()

    @property
    def folder(self) -> Path | None:
        """The directory that keeps the run; None until the user asks for one."""
        return None if self._writer is None or is_live(self._writer.path) else self._writer.path

    @property
    def place(self) -> Path | None:
        """The directory that the run is written to, kept or not."""
        return self._writer.path if self._writer else None

    def _write_by(self, writer: RunWriter | None) -> None:
        self._writer = writer
        self._moved(self.place)

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
            self._write_by(RunWriter.reopen(stored, stored.preset))
        else:
            self._stored = stored
        self._saved_steps = training.solver.steps

    # --- what is written without having been asked for ---

    @contextmanager
    def solving(self, preset: Preset, training: Training) -> Iterator[None]:
        """While this lasts a run is solved; what a step that takes long starts from is written meanwhile."""
        if self._live and not self._watches:
            self._watches = True
            threading.Thread(target=self._watch, name="keeper", daemon=True).start()
        began = time.monotonic()
        self._present = preset, training, began
        try:
            yield
        finally:
            self._present = None
            self._solved += time.monotonic() - began

    def _watch(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            with self._lock:
                present = self._present
                if present is not None:
                    preset, training, began = present
                    self._begin(preset, training, self._solved + time.monotonic() - began)

    def _begin(self, preset: Preset, training: Training, solved: float) -> None:
        """Make the directory of a run that was solved for so many seconds."""
        if self._live and self._writer is None and solved >= LIVE_SECONDS:
            try:
                self._write_by(RunWriter.create(preset, training.problem, new_place()))
            except RunError:  # no room, or no leave to write: the run goes on
                self._live = False

    def go_on(self, preset: Preset, training: Training) -> None:
        """Write a run that has a directory, or is to have one, if it is time to; not within a step."""
        with self._lock:
            if not self._times.is_due(self._solved) or self.has_all_of(training):
                return
            self._begin(preset, training, self._solved)
            if self._writer is None:
                return
            began = time.monotonic()
            with suppress(RunError):  # there may be room again later
                self._save(self._writer, training)
            self._times.saved(self._solved, time.monotonic() - began)

    def save_in_place(self, preset: Preset, training: Training) -> Path:
        """Write a run where it is written already, else to the state folder if it may; else keep it.

        Raises RunError.
        """
        with self._lock:
            if self._writer is None and not self._live:
                return self._keep(preset, training, None)
            writer = self._writer
            if writer is None:
                writer = RunWriter.create(preset, training.problem, new_place())
                self._write_by(writer)
            return self._save(writer, training)

    # --- a run that is to be kept ---

    def save(self, preset: Preset, training: Training, folder: Path | None = None) -> Path:
        """Keep a run; returns its directory, which is ``folder`` if the run has none. Raises RunError."""
        with self._lock:
            return self._keep(preset, training, folder)

    def _keep(self, preset: Preset, training: Training, folder: Path | None) -> Path:
        before = self._writer
        if before is not None and self.folder is not None:
            return self._save(before, training)
        reopens = self._stored is not None and folder is None
        if self._stored is not None and reopens:
            writer = RunWriter.reopen(self._stored, preset)
        else:
            writer = RunWriter.create(preset, training.problem, folder)
        try:
            path = self._save(writer, training)
        except RunError:
            if not reopens:  # a directory without a run in it is of no use to anybody
                shutil.rmtree(writer.path, ignore_errors=True)
            writer.close()
            raise
        self._write_by(writer)
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
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                if not self._stays:
                    discard(self._writer.path)
            self._write_by(None)
            self._stored, self._saved_steps = None, 0
            self._solved, self._times = 0.0, SaveTimes()

    def close(self) -> None:
        """Give up the directory, if any: no other run follows."""
        self._closed.set()
        self.release()

    def _save(self, writer: RunWriter, training: Training) -> Path:
        writer.save(training)
        self._saved_steps = training.solver.steps
        return writer.path
