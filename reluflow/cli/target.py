"""What a command is pointed at: a preset with its changes, or a run directory."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reluflow.cli.output import remark, remark_damage

if TYPE_CHECKING:
    from reluflow.store.preset import Preset
    from reluflow.store.run_directory import Run


def opened(target: str, settings: Sequence[str]) -> "Preset | Run":
    """The run directory of that name, else the preset with ``--set`` applied. PresetError, RunError."""
    from reluflow.cli.overrides import Request
    from reluflow.errors import PresetError
    from reluflow.store.locations import preset_files
    from reluflow.store.preset import load_preset

    request, path = Request(target, settings, None), Path(target)
    if len(path.parts) > 1 and path.suffix != ".toml" and not os.path.lexists(path):
        raise PresetError(f"{target}: found nothing of that name; expected a run directory or a preset")
    is_run = os.path.lexists(path / "run.json")
    if not is_run and path.is_dir() and target not in preset_files():
        raise PresetError(f"{target}: found a folder that is no run; expected a run directory or a preset")
    if not is_run:
        return load_preset(target, request.overrides())
    if request.settings:
        raise PresetError(f"--set {request.settings[0]}: {target} is a run; expected a preset with --set")
    return opened_run(target)


def opened_run(path: str | Path) -> "Run":
    """The run directory of that name, to answer from what is intact.

    Raises RunError if it is none, and if what it says cannot all be true.

    All of it is read, and what is not as reluflow wrote it is said. That decides how the command ends, also
    where the answer seems not to need it: a preset that was edited by hand may speak of another problem than
    the one that was solved.
    """
    from reluflow.errors import RunError
    from reluflow.store.run_check import Intact
    from reluflow.store.run_directory import open_run

    run = open_run(path)
    intact = Intact(run)
    for fault in intact.damaged:
        remark_damage(fault)
    if intact.contradiction:
        raise RunError(intact.contradiction)
    return run


def run_to_go_on_with(path: str | Path) -> "Run":
    """The run directory of that name, which is written anew from what is read of it. RunError if it is none.

    What is not as reluflow wrote it is said, as far as that is seen at once.
    """
    from reluflow.store.run_directory import open_run

    run = open_run(path)
    for fault in run.faults:
        remark(fault)
    return run
