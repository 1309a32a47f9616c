"""What happens before anything is drawn."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from driver import DEADLINE, explorer

import reluflow.tui
from reluflow.errors import ReluflowError
from reluflow.live.session import Session
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import open_run
from reluflow.tui.launch import open_on
from reluflow.tui.tour_cards import TOY


def test_without_a_terminal_there_is_one_sentence() -> None:
    program = "import reluflow.tui; reluflow.tui.run(None)"
    done = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == (
        "reluflow.errors.ReluflowError: standard input is no terminal; "
        "the app expects one (without a terminal use reluflow run)"
    )


def test_an_unknown_marker_is_refused_before_anything_else() -> None:
    with pytest.raises(ReluflowError, match="expected one of auto, braille, block, ascii"):
        reluflow.tui.run(None, marker="dots")


def test_textual_is_loaded_by_run_alone() -> None:
    program = "import sys, reluflow.tui; print('textual' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def written_run(steps: int) -> Path:
    """A run directory with so many steps in it."""
    session = Session(load_preset("orthogonal-toy"), running=False)
    for _ in range(steps):
        session.step()
    session.save_run()
    session.wait(lambda frame: frame.note, DEADLINE)
    session.close()
    return Path("runs/orthogonal-toy-1")


def test_a_run_directory_is_opened_as_it_was_left() -> None:
    run = written_run(4)
    opening = open_on(str(run))
    assert opening.run is not None
    assert opening.greeting is not None
    assert "(interrupted)" in opening.greeting
    session = Session(opening.preset, running=False, stored=opening.run)
    session.step()
    session.wait(lambda frame: frame.steps == 5, DEADLINE)
    session.close()
    # the fifth step of a run that was never interrupted
    whole = Session(load_preset("orthogonal-toy"), running=False)
    for _ in range(5):
        whole.step()
    whole.wait(lambda frame: frame.steps == 5, DEADLINE)
    whole.close()
    assert session.frame.t == whole.frame.t
    assert session.frame.loss == whole.frame.loss
    assert [state.t for state in session.frame.history.states] == [
        state.t for state in whole.frame.history.states
    ]


async def test_an_opened_run_stands_at_its_end_and_goes_on_into_the_same_directory(own_folder: Path) -> None:
    run = written_run(4)
    opening = open_on(str(run))
    async with explorer(str(run), stored=opening.run, at_end=True, greeting=opening.greeting) as app:
        assert "(interrupted); h goes on from there" in app.messages
        assert app.moment.t == app.frame.history.end > 0.0
        assert not app.moment.playing
        assert app.session.frame.status == "halted"
        await app.press("q")
        assert not app.app.is_running, "there is nothing that is not saved"
    async with explorer(str(run), stored=opening.run, at_end=True) as app:
        await app.press("comma", "home")
        assert app.moment.t == 0.0
        await app.press("end", "full_stop")
        await app.until(lambda: app.frame.steps == 5, "a step from where it was left")
        await app.press("w")
        await app.until(lambda: app.moment.live.note, "a note")
        assert str(run) in app.moment.live.note.text
    assert open_run(run).summary["steps"] == 5
    assert [path.name for path in (own_folder / "work" / "runs").iterdir()] == [run.name]


async def test_a_run_without_its_checkpoint_is_shown_and_says_so() -> None:
    run = written_run(4)
    with np.load(run / "trajectory.npz") as held:
        kept = {name: held[name] for name in held.files if not name.startswith("checkpoint/")}
    np.savez(run / "trajectory.npz", **kept)
    async with explorer(str(run), stored=open_run(run), at_end=True, greeting="a run") as app:
        assert "cannot be resumed" in app.text
        assert app.messages.splitlines().count("a run") == 1, "nothing lets it go on"
        assert app.frame.steps == 4
        await app.press("home", "full_stop")
        assert app.moment.step == 1
        await app.press("h")
        assert "R solves the run anew" in app.text
        await app.press("R")
        await app.until(lambda: app.frame.status == "converged", "the run anew")


async def test_other_stop_rules_let_an_opened_run_go_on_and_other_values_start_anew() -> None:
    run = written_run(4)
    async with explorer(str(run), stored=open_run(run), at_end=True) as app:
        app.app.parameters.start(app.app.parameters.present.with_values({"stop.loss": 1e-3}))
        await app.until(lambda: app.frame.over, "the end")
        assert app.frame.preset is app.app.parameters.present
        assert app.frame.status == "converged"
        assert app.frame.preset.folder.name == run.name
        app.app.parameters.start(app.app.parameters.present.with_values({"init.seed": 9, "stop.steps": 2}))
        await app.until(lambda: app.frame.over and app.frame.steps == 2, "another run")
        await app.press("w")
        await app.until(lambda: app.moment.live.note, "a note")
        assert "orthogonal-toy-2" in app.moment.live.note.text


def test_a_preset_needs_no_greeting() -> None:
    assert open_on("orthogonal-toy").greeting is None


def test_the_first_start_opens_the_first_preset() -> None:
    opening = open_on(None)
    assert opening.preset.name == TOY
    assert opening.last is None
