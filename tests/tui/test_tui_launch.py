"""What happens before anything is drawn."""

import subprocess
import sys
from pathlib import Path

import pytest

import reluflow.tui
from reluflow.errors import ReluflowError
from reluflow.session import Session
from reluflow.store.preset import load_preset
from reluflow.tui.launch import FIRST_PRESET, greeting


def test_without_a_terminal_there_is_one_sentence() -> None:
    program = "import reluflow.tui; reluflow.tui.run(None)"
    done = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == (
        "reluflow.errors.ReluflowError: reluflow tui: standard input is no terminal; "
        "expected one (without a terminal use reluflow run)"
    )


def test_an_unknown_marker_is_refused_before_anything_else() -> None:
    with pytest.raises(ReluflowError, match="expected one of auto, braille, block, ascii"):
        reluflow.tui.run(None, marker="dots")


def test_textual_is_loaded_by_run_alone() -> None:
    program = "import sys, reluflow.tui; print('textual' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_run_directory_gives_its_preset_and_says_so(own_folder: Path) -> None:
    session = Session(load_preset("orthogonal-toy"), running=False)
    session.step()
    session.save_run()
    while session.frame.note is None:
        pass
    session.close()
    run = own_folder / "work" / "runs" / "orthogonal-toy-1"
    words = greeting(str(run), load_preset(str(run)))
    assert words is not None
    assert "orthogonal-toy" in words
    assert "from its beginning" in words
    assert "t = " in words


def test_a_preset_needs_no_greeting() -> None:
    assert greeting("orthogonal-toy", load_preset("orthogonal-toy")) is None
    assert greeting(None, load_preset(FIRST_PRESET)) is None
