"""Whether a preset goes on with the steps of a stored run."""

from pathlib import Path
from typing import Any, Final

from reluflow.data.tables import resolve
from reluflow.errors import RunError
from reluflow.store.preset import Preset
from reluflow.store.schema import KEYS, Key, show

#: Sections that decide when a run ends and what is kept of it, but not where it goes.
NEUTRAL: Final = ("stop", "record")


def continued(run: Path, mine: Preset, preset: Preset) -> Preset:
    """The preset under which ``preset`` resumes a run of ``mine``: ``mine`` with its stop and record rules.

    Raises RunError, naming the key, if ``preset`` would not take the run's steps.
    """
    if "solver.method" in mine.values and "solver.method" not in preset.values:
        preset = preset.with_values({"solver.method": mine.values["solver.method"]})
    for key in KEYS:
        if key.section in NEUTRAL:
            continue
        here, there = (comparable(each, key) for each in (mine, preset))
        if here != there:
            raise RunError(
                f"{run} cannot be resumed: {key.id} is {_shown(preset, key.id)} now and was "
                f"{_shown(mine, key.id)} in the run; expected only stop and record to differ"
            )
    return mine.with_values({key.id: preset.values.get(key.id) for key in KEYS if key.section in NEUTRAL})


def comparable(preset: Preset, key: Key) -> Any:
    """The value; for a file what is in it, since a run directory holds copies under other names."""
    value = preset.values.get(key.id)
    if value is None or not key.is_file(value):
        return value
    path = resolve(value, preset.folder, key.id)
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{key.id}: {path} cannot be read ({error.strerror}); expected a file") from None


def _shown(preset: Preset, id: str) -> str:
    return show(preset.values[id]) if id in preset.values else "not set"
