"""Runs that nobody has kept so far: each process of the app has one in the state folder.

    live/<process>-<token>/      a run directory, as everywhere; its writer holds a claim on it

The directory goes when the run is kept elsewhere, when another takes its place and when the app is left in
order. What is found there without a writer was left behind by a process that was killed or lost its terminal.
"""

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from reluflow.errors import ReluflowError, RunError
from reluflow.store.claim import Claim
from reluflow.store.locations import state_folder
from reluflow.store.run_reader import PRESET, Run, open_run
from reluflow.store.run_summary import SUMMARY


def live_folder() -> Path:
    """Where these runs are."""
    return state_folder() / "live"


def new_place() -> Path:
    """A directory that this process may make for its run."""
    return live_folder() / f"{os.getpid()}-{secrets.token_hex(4)}"


def is_live(folder: Path) -> bool:
    """Whether a run directory is one of these."""
    return folder.parent == live_folder()


def left_behind() -> list[Run]:
    """The runs that have no writer any more and can be read, the newest first."""
    try:
        folders = [path for path in live_folder().iterdir() if (path / PRESET).is_file()]
        folders.sort(key=lambda path: (path / SUMMARY).stat().st_mtime, reverse=True)
    except OSError:
        return []
    return [run for path in folders if (run := _unclaimed(path)) is not None]


def discard(folder: Path) -> bool:
    """Delete one of these runs, unless a process writes to it; whether it is gone."""
    if is_live(folder):
        with suppress(RunError, OSError):
            claim = Claim(folder)
            shutil.rmtree(folder, ignore_errors=True)
            claim.release()
    return not folder.exists()


def _unclaimed(folder: Path) -> Run | None:
    try:
        Claim(folder).release()
        run = open_run(folder)
    except (ReluflowError, OSError):
        return None
    return None if run.has_writer else run  # a file system may know no claims
