"""Saving, opening and leaving: nothing that was recorded is lost without a word."""

from pathlib import Path

import numpy as np
import pytest
from driver import explorer

from reluflow.plot.glyphs import BRAILLE
from reluflow.registry.glossary import GLOSSARY
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import open_run
from reluflow.tui.actions import ACTIONS
from reluflow.tui.controllers import saving
from reluflow.tui.screens.help_page import help_text


async def test_s_saves_the_parameters_as_a_preset(own_folder: Path) -> None:
    async with explorer() as app:
        await app.halted_at(1)
        await app.press("s")
        await app.press(*"mine")
        await app.press("enter")
        await app.until(lambda: app.moment.live.note, "a note")
        assert not app.moment.live.note.failed
        assert "preset saved as" in app.text
    saved = load_preset("mine")
    assert saved.path == own_folder / "config" / "presets" / "mine.toml"
    assert saved.values == load_preset("orthogonal-toy").values


async def test_other_data_are_saved_under_texts_of_their_own() -> None:
    async with explorer(size=(100, 40)) as app:
        await app.solved()
        app.app.parameters.apply({"data.targets": [1.0, 2.0]})
        await app.solved()
        await app.press("s", *"mine", "down", "down", *"Both above 0", "down", "down", *"They never wait.")
        await app.press("enter")
        await app.until(lambda: app.moment.live.note, "a note")
    saved = load_preset("mine")
    assert (saved.title, saved.source, saved.notes) == ("Both above 0", "", "They never wait.")


async def test_texts_that_are_left_as_they_are_keep_their_lines() -> None:
    async with explorer() as app:
        await app.solved()
        app.app.parameters.apply({"init.seed": 7})
        await app.solved()
        await app.press("s", *"mine", "down", "down", "end", *"!", "enter")
        await app.until(lambda: app.moment.live.note, "a note")
    saved, shipped = load_preset("mine"), load_preset("orthogonal-toy")
    assert saved.title == f"{shipped.title}!"
    assert (saved.source, saved.notes) == (shipped.source, shipped.notes)
    assert "\n" in saved.notes


async def test_s_saves_the_present_state_to_branch_from() -> None:
    async with explorer() as app:
        await app.halted_at(3)
        await app.press("end")
        state = app.moment.state
        await app.press("s")
        await app.press(*"saddle", "down", "right", "enter")
        await app.until(lambda: app.moment.live.note, "a note")
    problem = load_preset("saddle").problem()
    assert state is not None
    assert np.array_equal(problem.weights, state.weights)
    assert np.array_equal(problem.output_weights, state.output_weights)


async def test_a_shipped_name_is_refused_and_ones_own_is_asked_for_twice() -> None:
    async with explorer() as app:
        await app.halted_at(1)
        for _ in range(2):
            await app.press("s", *"mine", "enter")
            await app.until(lambda: app.moment.live.note, "a note")
        assert "enter again replaces it" in app.text
        await app.press("enter")
        await app.until(lambda: app.moment.live.note.number == 2, "a second note")
        assert not app.moment.live.note.failed
        await app.press("s", *"orthogonal-toy", "enter")
        assert "comes with the program" in app.text
        await app.press("escape")
        assert app.app.screen is app.app.screen_stack[0]


async def test_w_writes_the_run_and_then_q_does_not_ask(own_folder: Path) -> None:
    async with explorer() as app:
        steps = (await app.halted_at(5)).steps
        await app.press("w")
        await app.until(lambda: app.moment.live.note, "a note")
        assert "orthogonal-toy-1" in app.moment.live.note.text
        await app.press("q")
        assert not app.app.is_running
    run = open_run(own_folder / "work" / "runs" / "orthogonal-toy-1")
    assert run.summary["steps"] == steps


@pytest.fixture
def dear(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little time a run took, it counts as one that took long."""
    monkeypatch.setattr(saving, "QUICK_SECONDS", -1.0)


async def test_q_leaves_at_once_what_the_next_start_solves_in_a_moment(own_folder: Path) -> None:
    async with explorer(remember=True) as app:
        await app.halted_at(2)
        await app.press("q")
        assert not app.app.is_running
    assert not (own_folder / "work" / "runs").exists()


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_asking_twice_to_leave_saves_and_leaves(dear: None, own_folder: Path, key: str) -> None:
    async with explorer() as app:
        await app.halted_at(2)
        await app.press(key, key)
        await app.until(lambda: not app.app.is_running, "the end")
    assert open_run(own_folder / "work" / "runs" / "orthogonal-toy-1").summary["steps"] == 2


async def test_q_asks_and_esc_stays(dear: None) -> None:
    async with explorer() as app:
        await app.halted_at(1)
        await app.press("q")
        assert "Save the run before leaving?" in app.text
        await app.press("escape")
        assert app.app.is_running
        assert "Save the run" not in app.text


async def test_q_halts_while_it_asks_and_staying_goes_on(dear: None) -> None:
    async with explorer(overrides={"solver.method": "gd", "solver.learning_rate": 1e-5}, running=True) as app:
        await app.until(lambda: app.frame.steps > 0, "a step")
        await app.press("q")
        assert app.session.frame.status == "halted"
        await app.press("escape")
        assert app.session.frame.status == "running"


async def test_q_and_n_leave_without_a_run(dear: None, own_folder: Path) -> None:
    async with explorer() as app:
        await app.halted_at(1)
        await app.press("q", "n")
        assert not app.app.is_running
        assert app.app.return_code == 0
    assert not (own_folder / "work" / "runs").exists()


async def test_q_and_y_write_the_run_and_leave(dear: None, own_folder: Path) -> None:
    async with explorer() as app:
        await app.halted_at(5)
        t = app.session.frame.t
        await app.press("q", "y")
        await app.until(lambda: not app.app.is_running, "the end")
        assert app.app.return_code == 0
    assert open_run(own_folder / "work" / "runs" / "orthogonal-toy-1").t[-1] == t


async def test_a_run_that_cannot_be_written_keeps_the_app_open(dear: None, own_folder: Path) -> None:
    (own_folder / "work" / "runs").write_text("a file where the folder should be")
    async with explorer() as app:
        await app.halted_at(5)
        await app.press("q", "y")
        await app.until(lambda: app.moment.live.note, "a note")
        assert app.moment.live.note.failed
        assert app.app.is_running


async def test_nothing_recorded_is_nothing_to_ask_about() -> None:
    async with explorer(overrides={"data.kind": "file", "data.path": "none.csv"}) as app:
        await app.press("q")
        assert not app.app.is_running


async def test_o_opens_another_preset() -> None:
    async with explorer() as app:
        await app.press("o", *"first-steps")
        assert "first-steps" in app.text
        assert load_preset("first-steps").notes.split()[0] in app.text
        await app.press("enter")
        await app.until(lambda: app.frame.preset.name == "first-steps", "the preset")
        assert "first-steps" in app.lines[0]


async def test_help_lists_every_key() -> None:
    async with explorer(size=(100, 50)) as app:
        await app.press("question_mark")
        assert "play or pause" in app.text
        await app.press("escape")
        assert "play or pause" not in app.text
    page = help_text(BRAILLE)
    for action in ACTIONS:
        assert f"  {action.shown:<9} {action.help}" in page
    words = " ".join(page.split())
    assert all(f"{term}: {meaning}" in words for term, meaning in GLOSSARY.items())


async def test_a_greeting_is_shown_once() -> None:
    async with explorer(greeting="toy: the preset of runs/toy-1") as app:
        assert "the preset of runs/toy-1" in app.text
