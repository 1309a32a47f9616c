"""The live session: commands in, immutable frames out; waiting is for frames, never for the clock."""

import math
import time
from collections.abc import Callable

import numpy as np
import pytest

from reluflow.session import Frame, Session
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import open_run

DEADLINE = 60.0


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    live = Session(load_preset("orthogonal-toy"))
    wait(live, lambda frame: frame.state is not None)
    yield live
    live.close()


def wait(session: Session, ready: Callable[[Frame], bool]) -> Frame:
    """The first frame seen that is ready; fails after a deadline far beyond what any test needs."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        frame = session.frame
        if ready(frame):
            return frame
        time.sleep(0.002)
    raise AssertionError(f"no such frame within {DEADLINE} s; the last one was {session.frame}")


def finish(session: Session) -> Frame:
    session.set_speed(math.inf)
    session.play()
    return wait(session, lambda frame: frame.status not in ("ready", "playing", "building"))


def test_starts_ready_with_the_problem_built(session):
    frame = session.frame
    assert frame.status == "ready"
    assert (frame.t, frame.steps, frame.method) == (0.0, 0, "lorentz")
    assert frame.problem.width == 60
    assert len(frame.series["t"]) == 1
    assert not frame.unsaved


def test_plays_to_the_end(session):
    frame = finish(session)
    assert frame.status == "converged"
    assert frame.loss <= 1e-9
    assert frame.series["t"][-1] == frame.t == frame.state.t
    assert frame.unsaved


def test_pause_stops_before_the_next_step(session):
    session.play()
    wait(session, lambda frame: frame.steps > 3)
    session.pause()
    assert session.frame.status == "paused"
    # a command that is carried out after everything that was under way
    session.save_preset("marker")
    settled = wait(session, lambda frame: frame.note is not None)
    session.save_preset("another")
    later = wait(session, lambda frame: frame.note.number == 2)
    assert settled.steps == later.steps
    assert later.status == "paused"


def test_single_steps_are_single(session):
    for expected in (1, 2, 3):
        session.step()
        frame = wait(session, lambda frame, steps=expected: frame.steps == steps)
        assert frame.status == "paused"


def test_slow_play_is_slower_than_the_solver(session):
    session.set_speed(0.1)
    session.play()
    moved = wait(session, lambda frame: frame.steps >= 1)
    assert moved.status == "playing"
    assert moved.steps < 300


def test_pause_and_play_does_not_change_the_trajectory(session):
    for _ in range(5):
        steps = session.frame.steps
        session.play()
        wait(session, lambda frame, steps=steps: frame.steps > steps)
        session.pause()
    interrupted = finish(session)
    session.reset()
    wait(session, lambda frame: frame.generation > interrupted.generation and frame.status == "ready")
    straight = finish(session)
    assert straight.steps == interrupted.steps
    np.testing.assert_array_equal(straight.state.weights, interrupted.state.weights)


def test_frames_do_not_change_after_they_were_shown(session):
    session.set_speed(math.inf)
    session.play()
    frame = wait(session, lambda frame: frame.steps > 5)
    weights, losses = frame.state.weights.copy(), frame.series["loss"].copy()
    wait(session, lambda later: later.status == "converged")
    np.testing.assert_array_equal(frame.state.weights, weights)
    np.testing.assert_array_equal(frame.series["loss"], losses)
    with pytest.raises(ValueError, match="read-only"):
        frame.series["loss"][0] = 1.0


def test_change_starts_anew_and_only_the_last_counts(session):
    preset = session.frame.preset
    for width in (5, 6, 7):
        session.change(preset.with_values({"network.width": width}))
    frame = wait(session, lambda frame: frame.problem is not None and frame.problem.width == 7)
    assert (frame.t, frame.status) == (0.0, "ready")


def test_parameters_that_cannot_be_run_are_a_sentence_and_the_next_change_mends_it(session):
    good = session.frame.preset
    bad = good.with_values({"init.kind": "unbalanced", "solver.method": None})
    session.change(bad.with_values({"solver.method": "dop853", "stop.time": 1.0}))
    wait(session, lambda frame: frame.method == "dop853")
    missing = good.with_values({"data.kind": "file", "data.path": "missing.csv"})
    session.change(missing)
    frame = wait(session, lambda frame: frame.error is not None)
    assert "missing.csv" in frame.error
    assert "\n" not in frame.error
    session.change(good)
    wait(session, lambda frame: frame.error is None and frame.status == "ready")


def test_saves_the_run_so_far_again_and_again(session, tmp_path):
    session.step()
    session.save_run(tmp_path / "kept")
    note = wait(session, lambda frame: frame.note is not None).note
    assert not note.failed
    assert "kept" in note.text
    assert not wait(session, lambda frame: frame.busy is None).unsaved
    finish(session)
    session.save_run()
    wait(session, lambda frame: frame.note.number == 2)
    run = open_run(tmp_path / "kept")
    assert run.summary["status"] == "converged"
    assert run.t[-1] == session.frame.t


def test_a_folder_that_exists_is_a_failed_note(session, tmp_path):
    (tmp_path / "there").mkdir()
    session.save_run(tmp_path / "there")
    note = wait(session, lambda frame: frame.note is not None).note
    assert note.failed
    assert "exists" in note.text


def test_a_saddle_can_be_branched_from(session):
    """Saving with the state: the new preset starts where the run stands, and goes on as it would have."""
    session.set_speed(math.inf)
    session.play()
    wait(session, lambda frame: frame.steps > 20)
    session.pause()
    session.save_preset("branch", with_state=True)
    frame = wait(session, lambda frame: frame.note is not None)
    assert not frame.note.failed, frame.note.text
    branch = load_preset("branch").problem()
    np.testing.assert_array_equal(branch.weights, frame.state.weights)
    np.testing.assert_array_equal(branch.output_weights, frame.state.output_weights)
    session.change(load_preset("branch"))
    wait(session, lambda later: later.generation > frame.generation and later.status == "ready")
    end = finish(session)
    assert end.status == "converged"


def test_close_ends_the_thread():
    live = Session(load_preset("orthogonal-toy"))
    live.set_speed(math.inf)
    live.play()
    live.close()
    assert not live._thread.is_alive()
