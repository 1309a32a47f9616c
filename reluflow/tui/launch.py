"""From a target on the command line to a running app, and back to an exit code."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from textual.theme import BUILTIN_THEMES

from reluflow.errors import ReluflowError
from reluflow.plot.glyphs import choose
from reluflow.session import Session
from reluflow.store.preset import Preset, load_preset
from reluflow.store.run_directory import open_run
from reluflow.store.settings import Settings, load_settings, overrule
from reluflow.tui.app import Explorer
from reluflow.tui.attention import attentive_loop
from reluflow.tui.bindings import VERBS

FIRST_PRESET: Final = "first-steps"
#: Seconds after which the thread of the screen, when it has something to do, gets the interpreter.
SWITCH_SECONDS: Final = 1e-3


def launch(target: str | None, flags: Mapping[str, Any]) -> int:
    """Run the app until the user leaves it; the solver's thread is gone when this returns.

    ``flags``: settings by name that stand before those of the user's file; None is none.
    """
    settings, complaints = all_settings(flags)
    glyphs = choose(settings.marker, os.environ)
    _require_terminal()
    preset = load_preset(target or FIRST_PRESET)
    sys.setswitchinterval(SWITCH_SECONDS)
    session = Session(preset)
    try:
        words = greeting(target, preset)
        app = Explorer(session, glyphs, settings, greeting=words, complaints=complaints, signals=True)
        with asyncio.Runner(loop_factory=lambda: attentive_loop(session.front)) as runner:
            runner.run(app.run_async(mouse=settings.mouse))
    finally:
        session.close()
    return app.return_code or 0


def all_settings(flags: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """The user's settings behind the flags, and a sentence for each thing in the file that is of no use."""
    settings, complaints = load_settings({verb.id: verb.keys for verb in VERBS}, BUILTIN_THEMES)
    return overrule(settings, flags, BUILTIN_THEMES), complaints


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
