"""Runs that start from a moment of another run."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from reluflow.flow.base import State
from reluflow.plot.axes import short
from reluflow.store.locations import NOWHERE, config_folder, state_folder
from reluflow.store.preset import Preset, load_preset, save_preset

#: So many branches are kept; older ones are deleted when a new one is made.
MOST_KEPT: Final = 50


def branch_folder() -> Path:
    """The folder of branches: in the platform's cache, or inside the folder that RELUFLOW_CONFIG names."""
    if os.environ.get("RELUFLOW_CONFIG"):
        return config_folder() / "branches"
    if state_folder() == NOWHERE:
        return NOWHERE / "branches"
    import platformdirs

    return platformdirs.user_cache_path("reluflow") / "branches"


def branch(
    preset: Preset, state: State, changes: Sequence[object] = (), folder: Path | None = None
) -> Preset:
    """A preset that starts from a state of a run; its name says of which and when.

    Its notes begin with that, and with the ``changes`` that were made to the state. ``folder``: where it is
    written, with the state; the folder of branches where none is given.
    Raises PresetError or OSError if it cannot be written.
    """
    folder = folder or branch_folder()
    _make_room(folder)
    begun = f"Begins with the network of {preset.name} at t = {state.t:.6g}"
    begun += f", changed by: {', '.join(map(str, changes))}." if changes else "."
    noted = replace(preset, notes=f"{begun}\n{preset.notes}".rstrip())
    path = save_preset(
        noted,
        _free_name(folder, f"{preset.name[:50]}-at-{short(state.t)}"),
        state=(state.weights, state.output_weights),
        folder=folder,
    )
    return load_preset(path)


def _free_name(folder: Path, wanted: str) -> str:
    # runs of files of samples are called after them, with whatever their names hold
    wanted = re.sub(r"[^A-Za-z0-9._-]", "-", wanted.replace("+", "")).lstrip("._-") or "run"
    name, number = wanted, 2
    while (folder / f"{name}.toml").exists():
        name, number = f"{wanted}-{number}", number + 1
    return name


def _make_room(folder: Path) -> None:
    """Delete the oldest branches, so that with a new one there are no more than are kept."""
    if not folder.is_dir():
        return
    presets = sorted(folder.glob("*.toml"), key=lambda path: path.stat().st_mtime)
    for path in presets[: max(len(presets) - MOST_KEPT + 1, 0)]:
        path.unlink(missing_ok=True)
        path.with_suffix(".npz").unlink(missing_ok=True)
