"""Run directories that are made in this process, for tests of what is shown of them."""

from pathlib import Path
from typing import Any

from made_sweeps import QUICK

from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter
from reluflow.training.training import Training


def begun_run(folder: Path, steps: int, **changes: Any) -> tuple[RunWriter, Training]:
    """A run of the toy after some steps, whose writer still holds it."""
    changes = {key.replace("__", "."): value for key, value in changes.items()}
    preset = load_preset("orthogonal-toy", {**QUICK, **changes})
    training = Training.from_preset(preset)
    folder.parent.mkdir(parents=True, exist_ok=True)
    writer = RunWriter.create(preset, training.problem, folder)
    for _ in range(steps):
        training.single_step()
    writer.save(training)
    return writer, training


def made_run(folder: Path, **changes: Any) -> Path:
    """The directory of a run that has ended; keys with __ for the dot."""
    writer, training = begun_run(folder, 0, **changes)
    training.run()
    writer.save(training)
    writer.close()
    return folder
