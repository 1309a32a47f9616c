"""Playing, pausing, stepping, speed and what the panels show of it."""

import math
import re

import numpy as np
import pytest
from driver import explorer

from reluflow.plot.glyphs import ASCII
from reluflow.session import SPEEDS
from reluflow.tui.widgets import neuron_table
from reluflow.tui.widgets.neuron_table import NeuronTable


async def test_the_app_starts_playing_and_shows_time_loss_and_curve() -> None:
    async with explorer(playing=True) as app:
        await app.until(lambda: app.frame.status == "playing" and app.frame.t > 0, "playing")
        assert "playing" in app.lines[0]
        assert "orthogonal-toy" in app.lines[0]
        assert app.frame.method_summary in app.lines[1]
        assert any("loss" in line and "directions" in line for line in app.lines)
        assert "⠒" in app.text or "⠤" in app.text or "⣀" in app.text


async def test_space_pauses_at_once_and_plays_on() -> None:
    async with explorer(playing=True) as app:
        await app.until(lambda: app.frame.t > 0, "playing")
        await app.press("space")
        assert app.session.frame.status == "paused"
        await app.settled()
        held = app.session.frame.t
        assert "paused" in app.lines[0]
        for _ in range(5):
            app.app.pull()
            await app.pilot.pause()
        assert app.session.frame.t == held
        await app.press("space")
        await app.until(lambda: app.frame.t > held, "time to go on")


async def test_a_step_is_one_step() -> None:
    async with explorer(overrides={"solver.method": "gd"}) as app:
        steps = (await app.paused_at(3)).steps
        await app.press("full_stop")
        await app.until(lambda: app.frame.steps > steps, "a step")
        await app.press("full_stop")
        await app.until(lambda: app.frame.steps > steps + 1, "another step")
        assert app.frame.steps == steps + 2
        assert app.frame.status == "paused"


async def test_reset_goes_back_to_the_start() -> None:
    async with explorer() as app:
        before = await app.paused_at(3)
        await app.press("r")
        await app.until(lambda: app.frame.generation > before.generation and app.frame.state, "a new run")
        assert app.frame.steps == 0
        assert app.frame.t == 0.0
        assert np.allclose(app.frame.state.weights, app.frame.problem.weights, rtol=1e-12, atol=0.0)


async def test_speed_goes_through_what_is_offered_and_stops_at_both_ends() -> None:
    async with explorer() as app:
        for _ in SPEEDS:
            await app.press("plus")
        assert math.isinf(app.session.speed)
        assert "speed max" in app.lines[0]
        for _ in range(len(SPEEDS) + 1):
            await app.press("minus")
        assert app.session.speed == SPEEDS[0]
        await app.press("equals_sign")
        assert app.session.speed == SPEEDS[1]


async def test_l_turns_time_logarithmic_and_back() -> None:
    async with explorer() as app:
        await app.paused_at(5)
        assert "over log time" not in app.text
        await app.press("l")
        assert "over log time" in app.text
        await app.press("l")
        assert "over log time" not in app.text


async def test_a_run_that_is_over_says_why_and_how_to_go_on() -> None:
    async with explorer(overrides={"stop.steps": 5}, playing=True) as app:
        await app.until(lambda: app.frame.status == "steps", "the end of the run")
        assert app.frame.reason in app.lines[1]
        await app.press("space")
        assert "r starts it again" in app.text
        assert app.frame.status == "steps"


async def test_the_cursor_walks_through_the_neurons_and_marks_their_direction() -> None:
    async with explorer() as app:
        await app.paused_at(3)
        table = app.app.query_one(NeuronTable)
        assert app.text.count("◆") + app.text.count("◇") == 1
        await app.press("down", "down", "up", "down")
        assert table.cursor == 2
        await app.press("end")
        assert table.cursor == 59
        assert re.search(r" 59  [●○] ", app.text)
        await app.press("down", "home", "up")
        assert table.cursor == 0
        await app.press("pagedown")
        assert 3 < table.cursor < 30
        assert app.text.count("◆") + app.text.count("◇") == 1


async def test_a_table_of_very_many_neurons_describes_the_visible_ones_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    described = []

    def spy(state, problem):  # type: ignore[no-untyped-def]
        described.append(state.output_weights.size)
        return describe(state, problem)

    describe = neuron_table.describe
    monkeypatch.setattr(neuron_table, "describe", spy)
    async with explorer(overrides={"network.width": 200_000}) as app:
        await app.until(lambda: "of 200000" in app.text, "the table")
        await app.press("end")
        assert "199999" in app.text
    assert max(described) <= 40


async def test_a_problem_that_cannot_be_built_is_one_sentence() -> None:
    changes = {"data.kind": "file", "data.path": "no-such-file.csv"}
    async with explorer(overrides=changes) as app:
        await app.until(lambda: app.frame.error, "an error")
        assert "no-such-file.csv" in app.lines[1]
        assert "Traceback" not in app.text
        await app.press("space", "full_stop", "l", "down", "r")
        assert "error" in app.lines[0]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (160, 45)])
async def test_every_panel_has_its_place_at_every_size(size: tuple[int, int]) -> None:
    async with explorer(size=size) as app:
        await app.paused_at(5)
        for panel in ("#status", "#loss", "#directions", "#neurons", "#footer"):
            assert app.shown(panel), panel
        assert app.shown("#parameters") == (size[0] >= 120)
        assert "quit" in app.lines[-1]
        assert "help" in app.lines[-1]
        assert len(app.lines) == size[1]
        assert sum("°" in line for line in app.lines) >= 3


async def test_a_terminal_that_is_too_small_gets_one_sentence() -> None:
    async with explorer(size=(59, 20)) as app:
        assert [line.strip() for line in app.lines if line.strip()] == [
            "needs at least 60 x 20, found 59 x 20"
        ]
        await app.pilot.resize_terminal(80, 24)
        await app.pilot.pause()
        assert app.shown("#loss")
        await app.pilot.resize_terminal(80, 19)
        await app.pilot.pause()
        assert "found 80 x 19" in app.text


async def test_without_colour_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with explorer() as app:
        await app.paused_at(3)
        await app.press("question_mark")
        assert "Keys" in app.text


async def test_ascii_terminals_get_ascii_only() -> None:
    async with explorer(glyphs=ASCII) as app:
        await app.paused_at(5)
        assert app.text.isascii(), {sign for sign in app.text if not sign.isascii()}
        for key in ("question_mark", "o", "s"):
            await app.press(key)
            assert app.text.isascii(), {sign for sign in app.text if not sign.isascii()}
            await app.press("escape")


async def test_random_keys_and_sizes_raise_nothing() -> None:
    keys = "space full_stop r plus minus l p s o question_mark escape up down left right tab enter end 3 e"
    random = np.random.default_rng(7)
    async with explorer() as app:
        for _ in range(60):
            await app.pilot.press(str(random.choice(keys.split())))
            if random.random() < 0.1:
                width, height = random.integers(10, 180), random.integers(5, 60)
                await app.pilot.resize_terminal(int(width), int(height))
            app.app.pull()
        await app.pilot.pause()
        assert app.app.is_running
