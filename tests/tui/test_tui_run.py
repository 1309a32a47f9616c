"""Playing, halting and stepping, and what the panels show of it."""

import math
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from driver import SMALL, Driver, explorer

from reluflow.live.playback import SPEEDS
from reluflow.observe import roster
from reluflow.plot.cells import Segment
from reluflow.plot.glyphs import ASCII
from reluflow.plot.views import RUN_VIEWS, VIEWS
from reluflow.tui.widgets.rows_panel import difference

TOY = {"stop.loss": 1e-4}
#: Plain descent that takes minutes.
DESCENT = {"solver.method": "gd", "solver.learning_rate": 1e-5}


async def test_the_app_starts_playing_and_shows_where_it_is() -> None:
    async with explorer(overrides=TOY, running=True) as app:
        await app.solved()
        await app.play(0.5)
        assert app.moment.t > 0.0
        assert "orthogonal-toy" in app.lines[0]
        assert f"loss {app.moment.loss:.4f}" in app.lines[0]
        assert "playing 2/s by change" in app.lines[1]
        assert "solver done" in app.lines[1]
        assert any("loss" in line and "directions" in line for line in app.lines)
        assert "⠒" in app.text or "⠤" in app.text or "⣀" in app.text


@pytest.mark.parametrize(("size", "whole"), [((80, 24), False), ((60, 20), False), ((160, 45), True)])
async def test_a_long_reason_leaves_room_for_the_panels(size: tuple[int, int], whole: bool) -> None:
    async with explorer("three-points", size=size, running=True) as app:
        frame = await app.solved()
        told = " ".join(line.strip() for line in app.lines[1:8])
        begin, _, rest = frame.reason.partition(": ")
        assert begin in told
        assert (rest[:30] in told) == whole
        assert "Gamma_all" in rest


async def test_space_pauses_the_cursor_at_once_and_plays_on() -> None:
    async with explorer(overrides=TOY, running=True) as app:
        await app.solved()
        await app.play(0.5)
        await app.press("space")
        held = app.moment.t
        assert "paused" in app.lines[1]
        await app.play(1.0)
        assert app.moment.t == held
        await app.press("space")
        await app.play(0.1)
        assert app.moment.t > held


async def test_h_halts_the_solver_and_lets_it_go_on_while_the_cursor_is_free() -> None:
    async with explorer(overrides=DESCENT, running=True) as app:
        await app.until(lambda: app.frame.steps > 0, "a step")
        await app.press("h")
        await app.settled()
        steps = app.session.frame.steps
        assert "halted" in app.lines[1]
        assert "playing" in app.lines[1]
        await app.settled()
        assert app.session.frame.steps == steps
        await app.press("h")
        assert "steps/s" in app.lines[1]
        await app.until(lambda: app.session.frame.steps > steps, "more steps")


async def test_playing_follows_the_head_of_a_solver_that_is_slower() -> None:
    async with explorer() as app:
        await app.halted_at(3)
        app.app.cursor.playback.speed = math.inf
        await app.play(0.1)
        assert app.moment.t == app.frame.history.end
        assert app.moment.playing
        await app.halted_at(4)
        await app.play(0.1)
        assert app.moment.t == app.frame.history.end


async def test_steps_go_through_what_is_recorded_and_then_have_more_taken() -> None:
    async with explorer() as app:
        await app.halted_at(3)
        times = [app.frame.history.neighbour(0.0, True)]
        for _ in range(3):
            times.append(app.frame.history.neighbour(times[-1], True))
        await app.press("full_stop", "full_stop")
        assert app.moment.t == times[1]
        await app.press("full_stop", "full_stop")
        await app.until(lambda: app.moment.step == 4, "a step of the solver")
        assert app.session.frame.steps == 4
        assert app.session.frame.status == "halted"
        assert app.moment.t == app.frame.history.end
        await app.press("comma")
        assert app.moment.t == times[2]
        assert not app.moment.playing


async def test_r_rewinds_and_capital_r_solves_anew() -> None:
    async with explorer(overrides=TOY) as app:
        before = await app.solved()
        await app.press("end", "r")
        assert app.moment.t == 0.0
        assert not app.moment.playing
        assert app.session.frame.generation == before.generation
        await app.press("R")
        await app.until(lambda: app.frame.generation > before.generation and app.frame.over, "a new run")
        assert app.moment.playing


async def test_the_state_on_show_is_the_one_at_the_cursor() -> None:
    async with explorer(overrides=TOY) as app:
        history = (await app.solved()).history
        for key, place in (("end", -1), ("home", 0)):
            await app.press(key)
            assert app.moment.state is history.states[place]
            assert f"step {history.step_at(app.moment.t)}" in app.lines[0]


async def test_speed_goes_through_what_is_offered_and_stops_at_both_ends() -> None:
    async with explorer() as app:
        for _ in SPEEDS:
            await app.press("plus")
        assert math.isinf(app.moment.speed)
        assert "at full speed" in app.lines[1]
        for _ in range(len(SPEEDS) + 1):
            await app.press("minus")
        assert app.moment.speed == SPEEDS[0]
        await app.press("equals_sign")
        assert app.moment.speed == SPEEDS[1]


async def test_c_goes_through_the_clocks() -> None:
    async with explorer() as app:
        for clock in ("time", "log time", "steps", "events", "change"):
            await app.press("c")
            assert f"/s by {clock}" in app.lines[1]


async def test_l_and_y_change_the_axes() -> None:
    async with explorer(overrides=TOY, size=(100, 40)) as app:
        await app.solved()
        assert "over log time" not in app.text
        await app.press("l")
        assert "over log time" in app.text
        await app.press("l")
        assert "over log time" not in app.text
        assert "1e-4┤" not in app.text
        await app.press("y")
        assert "1e-4┤" in app.text
        await app.press("y")
        assert "0.4┤" in app.text


async def test_a_run_that_is_over_says_why() -> None:
    async with explorer(overrides={"stop.steps": 5}) as app:
        frame = await app.solved()
        assert frame.reason in app.lines[1]
        assert "steps are up" in app.lines[1]
        await app.press("h")
        assert "R solves the run anew" in app.text


async def test_the_cursor_walks_through_the_neurons_and_marks_their_direction() -> None:
    async with explorer() as app:
        await app.halted_at(3)
        table = app.app.table
        assert app.text.count("◆") + app.text.count("◇") == 1
        await app.press("down", "down", "up", "down")
        assert table.cursor == 2
        await app.press("J")
        assert table.cursor == 59
        assert re.search(r" 59  [●○] ", app.text)
        await app.press("down", "K", "up")
        assert table.cursor == 0
        await app.press("pagedown")
        assert 3 < table.cursor < 30
        assert app.text.count("◆") + app.text.count("◇") == 1


async def test_n_goes_through_the_views_and_back() -> None:
    async with explorer(overrides=SMALL) as app:
        await app.halted_at(3)
        seen = set()
        for _ in [*VIEWS.rows, *RUN_VIEWS.rows]:
            seen.add(app.app.query_one("#directions").view)
            assert f"─ {app.app.query_one('#directions').view} ─" in app.text
            await app.press("n")
        assert {"directions", "function", "norms", "norms over time"} <= seen
        assert "─ directions ─" in app.text


async def test_a_table_of_very_many_neurons_describes_the_visible_ones_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    described = []

    def spy(state, problem, residual=None):  # type: ignore[no-untyped-def]
        described.append(state.output_weights.size)
        return describe(state, problem, residual)

    describe = roster.describe
    monkeypatch.setattr(roster, "describe", spy)
    async with explorer(overrides={"network.width": 200_000, "solver.method": "polar"}) as app:
        await app.until(lambda: "of 200000" in app.text, "the table")
        await app.press("J")
        assert "199999" in app.text
    assert max(described) <= 40


async def test_a_problem_that_cannot_be_built_is_one_sentence() -> None:
    changes = {"data.kind": "file", "data.path": "no-such-file.csv"}
    async with explorer(overrides=changes) as app:
        await app.until(lambda: app.frame.error, "an error")
        assert "no-such-file.csv" in app.lines[1]
        assert "Traceback" not in app.text
        await app.press("space", "full_stop", "comma", "l", "down", "end", "P", "b", "f", "F", "d", "n", "R")
        assert "error" in app.lines[1]


async def test_a_terminal_that_is_too_small_gets_one_sentence() -> None:
    async with explorer(size=(59, 20)) as app:
        assert [line.strip() for line in app.lines if line.strip()] == [
            "needs at least 60 x 20, found 59 x 20"
        ]
        await app.resize(80, 24)
        assert app.shown("#loss")
        await app.resize(80, 19)
        assert "found 80 x 19" in app.text


async def test_without_colour_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with explorer(overrides=TOY) as app:
        await app.solved()
        await app.press("f", "question_mark")
        assert "Keys" in app.text


async def test_ascii_terminals_get_ascii_only() -> None:
    async with explorer(glyphs=ASCII, overrides=TOY) as app:
        await app.solved()
        await app.press("f")
        for key in ("escape", "n", "n", "n", "n", "question_mark", "o", "s", "g", "F"):
            await app.press(key)
            assert app.text.isascii(), (key, {sign for sign in app.text if not sign.isascii()})
            if key in ("question_mark", "o", "s", "g"):
                await app.press("escape")


async def test_idle_frames_are_the_same_frame() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        await app.press("end")
        moment = app.moment
        for _ in range(3):
            await app.play(0.1)
        assert app.moment is moment
        assert np.isfinite(moment.loss)


def test_only_the_cells_that_differ_are_repainted() -> None:
    row = [Segment("abc", "text"), Segment("def", "dim")]
    assert difference(row, [Segment("abc", "text"), Segment("def", "dim")]) == (0, 0)
    assert difference(row, [Segment("a", "text"), Segment("bc", "text"), Segment("def", "dim")]) == (0, 0)
    assert difference(row, [Segment("abx", "text"), Segment("def", "dim")]) == (2, 3)
    assert difference(row, [Segment("abcd", "text"), Segment("ef", "dim")]) == (3, 4)
    assert difference(row, [Segment("xbcdex", "text")]) == (0, 6)
    assert difference(row, [Segment("ab", "text")]) == (0, 2)


@asynccontextmanager
async def detached(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[Driver, SimpleNamespace, pytest.MonkeyPatch]]:
    """The app on a solved run, with a session that has no more than the frame it is given."""
    async with explorer(overrides=TOY, running=True) as app:
        await app.solved()
        with monkeypatch.context() as patched:
            session = SimpleNamespace(frame=app.frame)
            patched.setattr(app.app, "session", session)
            yield app, session, patched


async def test_a_new_run_wakes_the_screen_from_the_thread_of_the_solver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with detached(monkeypatch) as (app, session, patched):
        looked: list[bool] = []
        patched.setattr(app.app, "look", lambda: looked.append(True))
        before = app.frame
        for generation, expected in ((before.generation, 0), (before.generation + 1, 1)):
            session.frame = replace(before, generation=generation)
            thread = threading.Thread(target=app.app.note_frame)
            thread.start()
            thread.join()
            await app.drained()
            assert len(looked) == expected
