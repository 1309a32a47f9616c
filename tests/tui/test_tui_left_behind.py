"""A connection lost within a long step: no process stays, and the run is offered at the next start."""

import time
from collections.abc import Iterator

import pytest
from driver import explorer
from terminal import Terminal, app_command

from reluflow.store.live_runs import left_behind, live_folder
from reluflow.store.run_directory import Run

DEADLINE = 60.0
POLL = 0.02


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    one = Terminal(app_command("high-dimension"), (100, 30))
    one.until(lambda screen: "solving" in screen.text, "a run")
    yield one
    one.close()


@pytest.mark.parametrize("page", [pytest.param("", marks=pytest.mark.slow), ":"])
def test_a_lost_terminal_in_the_first_step_leaves_a_run_to_offer(terminal: Terminal, page: str) -> None:
    end = time.monotonic() + DEADLINE
    while not (live_folder().is_dir() and list(live_folder().iterdir())):
        assert time.monotonic() < end, "nothing was written"
        time.sleep(POLL)
    if page:
        terminal.type(page)
    terminal.hang_up()
    assert terminal.ended() == 129
    (run,) = left_behind()
    assert run.preset.name == "high-dimension"


async def cut_off() -> Run:
    """What is left of an app that ended on its own after three steps of the toy."""
    async with explorer(live=True) as app:
        await app.halted_at(3)
        app.session.keep(DEADLINE)
        app.session.close()
    (run,) = left_behind()
    return run


async def test_the_next_start_offers_it_and_takes_it_up() -> None:
    run = await cut_off()
    async with explorer("first-steps", left=[run]) as app:
        await app.drained()
        assert "A run was cut off" in app.text
        assert "orthogonal-toy: " in app.text
        await app.press("escape")
        assert "A run was cut off" not in app.text
        assert run.path.is_dir()
    async with explorer("first-steps", left=[run]) as app:
        await app.drained()
        await app.press("enter")
        await app.until(lambda: app.frame.preset.name == "orthogonal-toy", "the run")
        assert app.frame.steps == 3
        assert app.session.frame.status == "halted"


async def test_it_can_be_deleted_instead() -> None:
    run = await cut_off()
    async with explorer("first-steps", left=[run]) as app:
        await app.drained()
        await app.press("x")
        assert not run.path.exists()
