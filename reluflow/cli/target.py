"""What a command is pointed at: a preset with its changes, or a run directory."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reluflow.store.preset import Preset
    from reluflow.store.run_directory import Run


def opened(target: str, settings: Sequence[str]) -> "Preset | Run":
    """The run directory of that name, else the preset with ``--set`` applied. PresetError, RunError."""
    from reluflow.cli.overrides import Request
    from reluflow.errors import PresetError
    from reluflow.store.preset import load_preset
    from reluflow.store.run_directory import open_run

    request = Request(target, settings, None)
    if not (Path(target) / "run.json").is_file():
        return load_preset(target, request.overrides())
    if request.settings:
        raise PresetError(f"--set {request.settings[0]}: {target} is a run; expected a preset with --set")
    return open_run(target)
