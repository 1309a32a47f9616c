"""The range of a number in the app: asked for, solved beside the live run, left, opened."""

import threading

import driver
import pytest
from driver import SMALL, Driver

from reluflow.errors import SweepError
from reluflow.live.front import Front
from reluflow.sweep.solving import PointSolver
from reluflow.sweep.study import planned
from reluflow.tui import range_solving
from reluflow.tui.screens.ask_line import AskLine
from reluflow.tui.screens.range_page import RangePage

QUICK = {**SMALL, "stop.loss": 0.3}


def solved_here(study, numbers, jobs, is_unwanted):
    """What processes would give, from this one."""
    solver = PointSolver(study)
    for number in numbers:
        if not is_unwanted():
            yield [solver.solve(number)]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(range_solving, "solve_range", solved_here)


async def ask(app: Driver, text: str, key: str = "percent_sign") -> None:
    """Ask for a range as a user does."""
    await app.press(key)
    assert isinstance(app.app.screen, AskLine)
    await app.press("end", "ctrl+u", *text, "enter")


async def finished(app: Driver, points: int) -> RangePage:
    page = app.app.screen
    assert isinstance(page, RangePage)
    await app.until(lambda: f"{points} of {points} points" in app.lines[0], "all points")
    return page


async def test_a_range_is_solved_beside_the_live_run_and_a_point_of_it_opened() -> None:
    async with driver.explorer(overrides=QUICK) as app:
        frame = await app.solved()
        await ask(app, "init.scale=1e-7,1e-6,1e-4")
        page = await finished(app, 3)
        assert "escape times over init.scale" in app.lines[0]
        assert page.panel.cursor == 1, "it begins at the present value"
        assert "now" in app.text
        await app.press("left", "left")
        assert "init.scale = 1e-07   escape 1" in app.text
        await app.press("n")
        assert "final loss over init.scale" in app.lines[0]
        assert app.session.frame.generation == frame.generation
        await app.press("right", "right", "enter")
        await app.until(lambda: app.frame.preset.values["init.scale"] == 1e-4, "the run of the point")
        await app.press("u")
        await app.until(lambda: app.frame.preset.values["init.scale"] == 1e-6, "the run before")


@pytest.mark.usefixtures("here")
async def test_leaving_keeps_the_run_and_the_points() -> None:
    async with driver.explorer(overrides=QUICK, size=(80, 24)) as app:
        frame = await app.solved()
        await ask(app, "network.width=4:6")
        await finished(app, 3)
        assert all(len(line) <= 80 for line in app.lines)
        await app.press("escape")
        assert app.app.screen is app.app.main
        assert app.session.frame.generation == frame.generation
        await app.press("percent_sign")
        assert "network.width=4:6" in app.text, "the dialogue remembers"
        await app.press("enter")
        assert "3 of 3 points" in app.lines[0], "nothing is solved again"


@pytest.mark.usefixtures("here")
async def test_the_number_in_the_field_is_the_one_that_is_asked_for() -> None:
    async with driver.explorer(overrides=QUICK, size=(130, 40), form=True) as app:
        await app.solved()
        await app.press("4")
        field = next(f for f in app.app.main.form.query("ParameterField") if f.key.id == "init.seed")
        field.editor.focus()
        await app.drained()
        await app.press("percent_sign")
        assert "init.seed=4:28" in app.text
        assert field.editor.value == "4", "the key is not typed"
        await app.press("escape")
        assert app.app.screen is app.app.main


async def test_a_wrong_range_is_one_sentence_in_the_dialogue() -> None:
    async with driver.explorer(overrides=QUICK) as app:
        await app.solved()
        await ask(app, "init.scal=1e-7,1e-6")
        assert "did you mean init.scale" in " ".join(app.text.split())
        assert isinstance(app.app.screen, AskLine)
        await app.press("escape")
        assert app.app.screen is app.app.main


async def test_a_range_can_be_halted_and_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Semaphore(0)

    def endless(study, numbers, jobs, is_unwanted):
        while not is_unwanted():
            yield []
            ended.acquire(timeout=0.005)
        ended.release()

    monkeypatch.setattr(range_solving, "solve_range", endless)
    async with driver.explorer(overrides=QUICK) as app:
        await app.solved()
        await ask(app, "init.scale=1e-7,1e-6,1e-4")
        solving = app.app.ranges.solving
        assert solving is not None
        assert solving.is_running
        assert "0 of 3 points, solving" in app.lines[0]
        await app.press("h")
        assert not solving.is_running
        assert "halted, h goes on" in app.lines[0]
        await app.press("h")
        assert solving.is_running
        await app.press("escape")
        assert not solving.is_running
        solving.close()
        assert not any(thread.name == "range" and thread.is_alive() for thread in threading.enumerate())


async def test_what_goes_wrong_beside_the_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_):
        raise SweepError("worker processes end by signal 9 before they begin to solve")
        yield []

    monkeypatch.setattr(range_solving, "solve_range", broken)
    async with driver.explorer(overrides=QUICK) as app:
        await app.solved()
        await ask(app, "init.scale=1e-7,1e-6,1e-4")
        await app.until(lambda: "by signal 9 before they begin" in app.text, "the sentence")
        await app.until(lambda: "0 of 3 points, halted" in app.lines[0], "the end")


def test_the_last_change_is_told_when_nothing_is_solved_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown then stays: nothing tells the screen that the thread has ended."""

    def none(*_):
        yield []

    monkeypatch.setattr(range_solving, "solve_range", none)
    solving = range_solving.RangeSolving(planned("orthogonal-toy", ["init.scale=1e-7,1e-6"]), Front())
    running: list[bool] = []
    told = threading.Event()

    def note() -> None:
        running.append(solving.is_running)
        told.set()

    solving.changed = note
    solving.begin()
    assert told.wait(10.0)
    solving.close()
    assert running == [False]
