"""From a target on the command line to a running app, and back to an exit code."""

import os
import sys
from pathlib import Path
from typing import Final

from reluflow.errors import ReluflowError
from reluflow.plot.glyphs import choose
from reluflow.session import Session
from reluflow.store.preset import Preset, load_preset
from reluflow.store.run_directory import open_run
from reluflow.tui.app import Explorer

FIRST_PRESET: Final = "first-steps"


def launch(target: str | None, marker: str) -> int:
    """Run the app until the user leaves it; the solver's thread is gone when this returns."""
    glyphs = choose(marker, os.environ)
    _require_terminal()
    preset = load_preset(target or FIRST_PRESET)
    session = Session(preset)
    try:
        app = Explorer(session, glyphs, greeting=greeting(target, preset), signals=True)
        app.run()
    finally:
        session.close()
    return app.return_code or 0


def _require_terminal() -> None:
    # Keys are read from standard input, the screen is written to standard error.
    for stream, name in ((sys.__stdin__, "standard input"), (sys.__stderr__, "standard error")):
        if stream is None or not stream.isatty():
            raise ReluflowError(
                f"reluflow tui: {name} is no terminal; expected one (without a terminal use reluflow run)"
            )


def greeting(target: str | None, preset: Preset) -> str | None:
    """What is worth saying once: that a run directory gives its preset, and its state stays where it is."""
    if target is None or not Path(target).is_dir():
        return None
    run = open_run(target)
    return (
        f"{target} stopped at t = {run.summary['time']:.6g} ({run.status}) and is left as it is; "
        f"this is {preset.name} from its beginning (reluflow run --resume goes on with the run)"
    )
