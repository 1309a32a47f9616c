"""The farewell on a signal, with a process that would hang otherwise."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from reluflow.store.run_directory import open_run
from reluflow.tui.actions import ACTIONS
from reluflow.tui.bindings import footer_actions, key_table

HANGING = """
    import os, signal, threading
    from reluflow.live.session import Session
    from reluflow.store.preset import load_preset
    from reluflow.tui import shutdown

    shutdown.LEAVE_SECONDS = 0.1
    session = Session(load_preset("orthogonal-toy"), running=False)
    session.step()
    session.wait(lambda frame: frame.unsaved, 60.0)
    last = shutdown.Shutdown(session)
    last.leave = lambda code: True
    last.install()
    os.kill(os.getpid(), signal.NAME)
    threading.Event().wait()
"""


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1"])
def test_a_hanging_app_is_ended_with_its_run_saved(own_folder: Path, name: str) -> None:
    program = [sys.executable, "-c", textwrap.dedent(HANGING).replace("NAME", name)]
    done = subprocess.run(program, cwd=own_folder / "work", env=dict(os.environ), timeout=60, check=False)
    assert done.returncode == 128 + signal.Signals[name]
    assert open_run(own_folder / "work" / "runs" / "orthogonal-toy-1").summary["steps"] == 1


def test_keys_and_names_are_used_once() -> None:
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)


def test_the_footer_fits_and_never_gives_up_help_and_quit() -> None:
    for width in range(60, 200):
        words = footer_actions(width)
        assert sum(len(key) + len(word) + 3 for key, word in words) <= width
        assert [word for _, word in words[-2:]] == ["help", "quit"]
    assert len(footer_actions(300)) == len([action for action in ACTIONS if action.short])


def test_the_page_about_the_app_has_the_table_of_keys() -> None:
    page = Path(__file__).parents[2] / "docs" / "app.md"
    assert key_table() in page.read_text(encoding="utf-8")
