"""The live session: commands in, immutable frames out; waiting is for frames, never for the clock."""

from collections.abc import Callable

import numpy as np
import pytest

from reluflow.flow.lorentz.solver import Lorentz
from reluflow.frame import Frame
from reluflow.session import Session
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import open_run

DEADLINE = 60.0


@pytest.fixture
def session(tmp_path, monkeypatch):
    """Halted, with the problem built."""
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    live = Session(load_preset("orthogonal-toy"), running=False)
    wait(live, lambda frame: frame.history is not None)
    yield live
    live.close()


def wait(session: Session, ready: Callable[[Frame], bool]) -> Frame:
    """The first frame that is ready; fails after a deadline far beyond what any test needs."""
    return session.wait(ready, DEADLINE)


def finish(session: Session) -> Frame:
    session.run()
    return wait(session, lambda frame: frame.over)


def test_starts_with_the_problem_built(session):
    frame = session.frame
    assert frame.status == "halted"
    assert (frame.t, frame.steps, frame.method) == (0.0, 0, "lorentz")
    assert frame.problem.width == 60
    assert frame.history.end == 0.0
    assert not frame.unsaved


def test_solves_at_once_unless_told_not_to():
    live = Session(load_preset("orthogonal-toy"))
    frame = wait(live, lambda frame: frame.over)
    live.close()
    assert frame.status == "converged"


def test_runs_to_the_end(session):
    frame = finish(session)
    assert frame.status == "converged"
    assert frame.loss <= 1e-9
    assert frame.history.series["t"][-1] == frame.t == frame.history.end
    assert frame.unsaved


def test_halt_stops_before_the_next_step(session):
    session.change(session.frame.preset.with_values({"solver.method": "gd"}))
    session.run()
    wait(session, lambda frame: frame.steps > 3)
    session.halt()
    assert session.frame.status == "halted"
    # a command that is carried out after everything that was under way
    session.save_preset("marker")
    settled = wait(session, lambda frame: frame.note is not None)
    session.save_preset("another")
    later = wait(session, lambda frame: frame.note.number == 2)
    assert settled.steps == later.steps
    assert later.status == "halted"


def test_single_steps_are_single(session):
    for expected in (1, 2, 3):
        session.step()
        frame = wait(session, lambda frame, steps=expected: frame.steps == steps)
        assert frame.status == "halted"


def test_halting_does_not_change_the_trajectory(session):
    for expected in range(1, 8):
        session.step()
        wait(session, lambda frame, steps=expected: frame.steps == steps)
    interrupted = finish(session)
    session.reset()
    wait(session, lambda frame: frame.generation > interrupted.generation and frame.history is not None)
    straight = finish(session)
    assert straight.steps == interrupted.steps
    end = [frame.history.states[-1].weights for frame in (straight, interrupted)]
    np.testing.assert_array_equal(*end)


def test_frames_do_not_change_after_they_were_shown(session):
    session.step()
    session.step()
    frame = wait(session, lambda frame: frame.steps == 2)
    weights, losses = frame.history.states[-1].weights.copy(), frame.history.series["loss"].copy()
    finish(session)
    np.testing.assert_array_equal(frame.history.states[-1].weights, weights)
    np.testing.assert_array_equal(frame.history.series["loss"], losses)
    with pytest.raises(ValueError, match="read-only"):
        frame.history.series["loss"][0] = 1.0


def test_change_starts_anew_and_only_the_last_counts(session):
    preset = session.frame.preset
    for width in (5, 6, 7):
        session.change(preset.with_values({"network.width": width}))
    frame = wait(session, lambda frame: frame.problem is not None and frame.problem.width == 7)
    assert (frame.t, frame.status) == (0.0, "halted")
    assert frame.generation <= 3


def test_parameters_that_cannot_be_run_are_a_sentence_and_the_next_change_mends_it(session):
    good = session.frame.preset
    session.change(good.with_values({"data.kind": "file", "data.path": "missing.csv"}))
    frame = wait(session, lambda frame: frame.error is not None)
    assert "missing.csv" in frame.error
    assert "\n" not in frame.error
    session.change(good)
    wait(session, lambda frame: frame.error is None and frame.history is not None)


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
    """Saving with a state: the new preset starts where the run stood, and goes on as it would have."""
    history = finish(session).history
    saddle = history.recorded_at(20.0)
    session.save_preset("branch", saddle)
    frame = wait(session, lambda frame: frame.note is not None)
    assert not frame.note.failed, frame.note.text
    branch = load_preset("branch").problem()
    np.testing.assert_array_equal(branch.weights, saddle.weights)
    np.testing.assert_array_equal(branch.output_weights, saddle.output_weights)
    session.change(load_preset("branch"))
    wait(session, lambda later: later.generation > frame.generation and later.history is not None)
    end = finish(session)
    assert end.status == "converged"
    for t in (3.0, 6.0, 9.0):
        later = history.loss_at(saddle.t + t)
        assert end.history.loss_at(t) == pytest.approx(later, rel=0.05)


def test_an_error_inside_a_solver_is_a_failed_run_and_the_session_lives_on(session, monkeypatch):
    def broken(*_):
        raise IndexError("index 0 is out of bounds")

    with monkeypatch.context() as patched:
        patched.setattr(Lorentz, "step", broken)
        session.run()
        frame = wait(session, lambda frame: frame.over)
    assert frame.status == "failed"
    assert frame.reason == "the solver broke off: IndexError: index 0 is out of bounds"
    session.reset()
    assert finish_again(session, frame.generation).status == "converged"


def finish_again(session: Session, generation: int) -> Frame:
    return wait(session, lambda frame: frame.generation > generation and frame.over)


def test_close_ends_the_thread():
    live = Session(load_preset("orthogonal-toy"))
    live.close()
    assert not live._thread.is_alive()


def test_waiting_for_a_frame_ends_with_a_sentence(session):
    with pytest.raises(TimeoutError, match="no such frame within 0 s"):
        session.wait(lambda frame: frame.over, 0.0)


def test_solving_stands_back_while_the_screen_is_at_work_but_not_for_ever(session, monkeypatch):
    """Between two steps; a screen that never rests only slows the solver down."""
    asked = []
    rests = session.front.wait

    def wait_and_count(seconds: float) -> bool:
        asked.append(seconds)
        return rests(0.0)

    monkeypatch.setattr(session.front, "wait", wait_and_count)
    session.front.begin()
    assert session.front.is_busy()
    assert finish(session).status == "converged"
    assert asked
    session.front.rest()
    assert not session.front.is_busy()


def test_the_solver_stops_between_two_steps_when_the_screen_begins(session, monkeypatch):
    """The screen has something to do after the third step, and rests when it is waited for."""
    seen, waited = [], []
    step = Lorentz.step

    def step_and_begin(solver, *arguments):
        step(solver, *arguments)
        seen.append(len(waited))
        if solver.steps == 3:
            session.front.begin()

    def rest_and_wait(seconds: float) -> bool:
        waited.append(session.front.is_busy())
        session.front.rest()
        return True

    monkeypatch.setattr(Lorentz, "step", step_and_begin)
    monkeypatch.setattr(session.front, "wait", rest_and_wait)
    finish(session)
    assert True in waited
    assert seen[3] > seen[2]
