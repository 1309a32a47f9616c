"""Runs that start from a moment of another run."""

import os
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


def branch(preset: Preset, state: State) -> Preset:
    """A preset that starts from a state of a run; its name says of which and when.

    Raises PresetError or OSError if it cannot be written.
    """
    folder = branch_folder()
    _make_room(folder)
    name = _free_name(folder, f"{preset.name[:50]}-at-{short(state.t)}")
    return load_preset(save_preset(preset, name, state=(state.weights, state.output_weights), folder=folder))


def _free_name(folder: Path, wanted: str) -> str:
    wanted = wanted.replace("+", "")
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
