"""Work beside the run that breaks down: a sentence says so, and the app and the run go on."""

import subprocess
import sys
from typing import NoReturn

import pytest
from driver import SMALL, Driver, explorer

from reluflow.tui.background import Broken, in_thread
from reluflow.tui.controllers import persistence, theory
from reluflow.tui.screens import inspector, verify

SENTENCE = "IndexError: what nobody expected"


def broken(*_: object, **__: object) -> NoReturn:
    raise IndexError("what nobody expected")


async def require_that_it_goes_on(app: Driver) -> None:
    steps = app.session.frame.steps
    app.session.step()
    await app.until(lambda: app.session.frame.steps > steps, "a step after it")
    await app.press("S")
    assert app.app.is_running


async def test_it_is_told_apart_from_a_result() -> None:
    assert await in_thread(lambda: 5) == 5
    assert await in_thread(broken) == Broken(SENTENCE)


async def test_a_prediction_that_breaks_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theory, "landmarks", broken)
    async with explorer(overrides=SMALL, size=(100, 30), theory=True) as app:
        await app.until(lambda: f"a prediction broke down: {SENTENCE}" in app.messages, "the sentence")
        await require_that_it_goes_on(app)
        assert app.messages.count("broke down") == 1


async def test_a_table_of_predictions_that_breaks_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "judged", broken)
    async with explorer(overrides=SMALL, size=(100, 30)) as app:
        await app.press("V")
        await app.until(lambda: f"the predictions broke down: {SENTENCE}" in app.text, "the sentence")
        await app.press("escape")
        await require_that_it_goes_on(app)


async def test_a_judgement_that_breaks_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspector, "judge", broken)
    async with explorer(overrides=SMALL, size=(100, 30)) as app:
        await app.solved()
        await app.press("home", "enter", "tab", "tab")
        await app.until(lambda: f"breaks down: {SENTENCE}" in app.text, "the sentence")
        await app.press("escape")
        assert app.app.is_running


async def test_a_session_that_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persistence, "write_session", broken)
    async with explorer(overrides=SMALL, size=(100, 30)) as app:
        await app.app.persistence.keep()
        sentence = f"cannot be kept for the next start: {SENTENCE}"
        await app.until(lambda: sentence in app.messages, "the sentence")
        await require_that_it_goes_on(app)


def test_the_process_ends_at_once_around_work_that_is_still_done():
    """Taking the interpreter down around compiled code in another thread aborts the process."""
    script = (
        "import asyncio, atexit, threading\n"
        "from reluflow.cli.leaving import leave_here\n"
        "from reluflow.tui.background import in_thread\n"
        "atexit.register(print, 'taken down')\n"
        "begun = threading.Event()\n"
        "def work():\n"
        "    begun.set()\n"
        "    threading.Event().wait()\n"
        "async def leave_a_page():\n"
        "    page = asyncio.ensure_future(in_thread(work))\n"
        "    while not begun.is_set():\n"
        "        await asyncio.sleep(0)\n"
        "    page.cancel()\n"
        "asyncio.run(leave_a_page())\n"
        "print('left')\n"
        "leave_here(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "left\n", "")
