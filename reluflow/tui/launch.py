"""The launch turns a target on the command line into a running app, and its end into an exit code."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from textual.theme import BUILTIN_THEMES

from reluflow.data.memory import collect_often, share_one_arena
from reluflow.errors import ReluflowError, escaped
from reluflow.live.session import Session
from reluflow.plot.glyphs import choose, is_dumb
from reluflow.store.guide_file import guide_is_done
from reluflow.store.last_session import LastSession, read_session
from reluflow.store.live_runs import left_behind
from reluflow.store.locations import complaint, expanded, preset_files
from reluflow.store.own_data import remarks_of
from reluflow.store.preset import Preset, load_preset
from reluflow.store.run_directory import Run
from reluflow.store.run_folder import RunFolder, has_runs, newest
from reluflow.store.run_reader import PRESET
from reluflow.store.settings import Settings, load_settings, overrule
from reluflow.training.resumption import stored_run
from reluflow.tui.actions import ACTIONS
from reluflow.tui.app import Explorer
from reluflow.tui.arrangement import TITLES
from reluflow.tui.crash import crash_message
from reluflow.tui.panel_keys import OWN_KEYS
from reluflow.tui.seldom import end_ranges
from reluflow.tui.shutdown import Shutdown
from reluflow.tui.terminal.app import UnexpectedEndError
from reluflow.tui.terminal.attention import attentive_loop
from reluflow.tui.tour_cards import TOY

if TYPE_CHECKING:
    from reluflow.sweep.opening import Sweep

#: Seconds after which the thread of the screen, when it has something to do, gets the interpreter.
SWITCH_SECONDS: Final = 1e-3


@dataclass(frozen=True)
class Opening:
    """The preset, run or session that the app opens.

    ``preset`` and, for a run directory, its ``run``; ``shown``: a sweep or a folder of runs over it;
    ``last``: the session that is taken up; ``guided``: whether the tour is on; ``greeting`` and
    ``complaints``: what is to be said.
    """

    preset: Preset
    run: Run | None = None
    shown: "Sweep | RunFolder | None" = None
    last: LastSession | None = None
    guided: bool = False
    greeting: str | None = None
    complaints: tuple[str, ...] = ()


def launch(target: str | Preset | None, flags: Mapping[str, Any], *, fresh: bool = False) -> int:
    """Run the app until the user leaves it; the solver's thread is gone when this returns.

    ``flags``: settings by name that stand before those of the user's file; None is none. ``fresh``: not to
    take up the last session.
    """
    settings, complaints = all_settings(flags)
    glyphs = choose(settings.marker, os.environ)
    _require_terminal()
    sys.setswitchinterval(SWITCH_SECONDS)
    share_one_arena()
    opening = open_on(target, fresh=fresh)
    if target is not None and opening.shown is None and opening.preset.unused_sweep:
        _tell(f"reluflow: {opening.preset.unused_sweep}\n")
    homeless = complaint()
    complaints += [homeless] if homeless else []
    # a run that is opened stands where it was left until the user lets it go on
    running = opening.run is None and opening.shown is None
    session = Session(opening.preset, running=running, stored=opening.run, live=True, painted=False)
    shutdown = Shutdown(session)
    shutdown.install()
    try:
        app = Explorer(
            session,
            glyphs,
            settings,
            greeting=opening.greeting,
            complaints=(*complaints, *opening.complaints),
            last=opening.last,
            guided=opening.guided,
            at_end=opening.run is not None,
            remember=True,
            left=left_behind(),
            shown=opening.shown,
        )
        shutdown.leave = app.leave
        try:
            code = _run(app, session, settings)
        finally:
            end_ranges(app)
        shutdown.tell()
    finally:
        session.front.open()
        session.close()
    return code


def _run(app: Explorer, session: Session, settings: Settings) -> int:
    """The exit code of the app; whatever ends it but its own leaving is told, once the run is saved."""
    cause: BaseException | None = None
    collect_often()
    try:
        with asyncio.Runner(loop_factory=lambda: attentive_loop(session.front)) as runner:
            runner.run(app.run_async(mouse=settings.mouse))
    except BaseException as error:  # nothing that ends the loop may end the run
        cause = error
    if cause is None and app.return_code is not None:
        if app.saving.farewell is not None:
            _tell(f"reluflow: {escaped(app.saving.farewell)}\n")
        return app.return_code
    session.front.open()
    _tell(crash_message(cause or UnexpectedEndError("without having been left"), session) + "\n")
    return 1


def _tell(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def open_on(target: str | Preset | None, *, fresh: bool = False) -> Opening:
    """Open the target, else the last session, else the first preset. Raises ReluflowError."""
    if isinstance(target, Preset):
        return Opening(target, greeting="; ".join(remarks_of(target)) or None)
    if target is not None:
        return _folder_of(target) or _opened(load_preset(target))
    last, complaint = (None, None) if fresh else read_session()
    complaints = () if complaint is None else (complaint,)
    if last is None:
        return Opening(load_preset(TOY), guided=not guide_is_done(), complaints=complaints)
    try:
        return replace(_opened(last.preset), last=last, greeting=None, complaints=complaints)
    except ReluflowError as error:
        # the run directory that was open is damaged or gone: its parameters are still there
        return Opening(last.preset, last=last, complaints=(*complaints, str(error)))


def _folder_of(target: str) -> Opening | None:
    """The sweep in a folder of that name, over its first point, or its runs, over the newest one.

    None if it is something else; raises ReluflowError for a folder in which there is neither.
    """
    folder = expanded(target)
    if target in preset_files() or not folder.is_dir() or (folder / PRESET).is_file():
        return None
    from reluflow.sweep.opening import open_sweep
    from reluflow.sweep.study import STUDY

    if not (folder / STUDY).is_file():
        if not has_runs(folder):
            raise ReluflowError(
                f"{target}: found a folder without run directories; expected a run directory, the folder of "
                "a sweep or of runs, or a preset"
            )
        return replace(_newest_of(folder), shown=RunFolder(folder))
    sweep = open_sweep(folder)
    sweep.table()  # what cannot be read is said before there is a screen
    return Opening(sweep.study.preset, shown=sweep)


def _newest_of(folder: Path) -> Opening:
    """The run in a folder that was written last, or the first preset if it cannot be opened."""
    run = newest(folder)
    try:
        opening = Opening(load_preset(TOY)) if run is None else _opened(load_preset(run))
    except ReluflowError:
        opening = Opening(load_preset(TOY))
    return replace(opening, greeting=None)


def _opened(preset: Preset) -> Opening:
    found = stored_run(preset)
    if found is None:
        return Opening(preset)
    run, preset = found
    return Opening(preset, run, greeting=greeting_of(run))


def all_settings(flags: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """The user's settings behind the flags, and a sentence for each thing in the file that is of no use."""
    panels = {f"the panel {TITLES[panel]}": keys for panel, keys in OWN_KEYS.items()}
    settings, complaints = load_settings(
        {action.id: action.keys for action in ACTIONS}, BUILTIN_THEMES, panels
    )
    return overrule(settings, flags, BUILTIN_THEMES), complaints


def _require_terminal() -> None:
    # Keys are read from standard input, the screen is written to standard error.
    for stream, name in ((sys.__stdin__, "standard input"), (sys.__stderr__, "standard error")):
        if stream is None or not stream.isatty():
            raise ReluflowError(
                f"{name} is no terminal; the app expects one (without a terminal use reluflow run)"
            )
    if is_dumb(os.environ):
        found = os.environ.get("TERM", "not set") or "empty"
        raise ReluflowError(
            f"TERM is {found}: this terminal cannot place its cursor; expected "
            "one that can, such as xterm (without one use reluflow run)"
        )


def greeting_of(run: Run) -> str:
    """The beginning of a sentence about a run directory that is opened."""
    t = run.summary.get("time")
    upto = f"recorded up to t = {t:.6g}" if isinstance(t, int | float) else "not begun"
    return f"{run.path}: {upto} ({run.status})"
