"""The live session: commands in, immutable frames out; waiting is for frames, never for the clock."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reluflow.errors import RunError
from reluflow.flow.base import AbandonedError
from reluflow.flow.lorentz.solver import Lorentz
from reluflow.live import worker as module
from reluflow.live.frame import Frame
from reluflow.live.front import FIRST_SECONDS, Front
from reluflow.live.session import Session
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import RunWriter, open_run
from reluflow.training.training import Training

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


@pytest.fixture
def endless(monkeypatch) -> threading.Event:
    """Steps never end by themselves; set as soon as one has begun."""
    begun = threading.Event()

    def endless(solver, *_):
        begun.set()
        while not solver.abandoned():
            pass
        raise AbandonedError

    monkeypatch.setattr(Lorentz, "advance", endless)
    return begun


def wait(session: Session, ready: Callable[[Frame], bool]) -> Frame:
    """The first frame that is ready; fails after a deadline far beyond what any test needs."""
    return session.wait(ready, DEADLINE)


def finish(session: Session) -> Frame:
    session.run()
    return wait(session, lambda frame: frame.over)


def test_its_thread_keeps_no_process_alive(session):
    (own,) = [thread for thread in threading.enumerate() if thread.name == "reluflow-session"]
    assert own.daemon


def test_memory_is_given_back_when_there_is_nothing_to_do(session, monkeypatch):
    given_back = threading.Event()
    monkeypatch.setattr(module, "give_back", given_back.set)
    monkeypatch.setattr(module, "TIMES", replace(module.TIMES, rest=0.01))
    finish(session)
    assert given_back.wait(DEADLINE)


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


def test_a_single_step_halts_what_goes_on(session):
    session.change(session.frame.preset.with_values({"solver.method": "gd"}))
    session.run()
    wait(session, lambda frame: frame.steps > 3)
    session.step()
    assert session.frame.status == "halted"


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
    frame = wait(session, lambda frame: frame.refused is not None)
    assert "missing.csv" in frame.refused.text
    assert "\n" not in frame.refused.text
    # the run before stays, halted as it was
    assert (frame.preset, frame.status, frame.generation, frame.error) == (good, "halted", 1, None)
    assert frame.history is not None
    session.change(good.with_values({"network.width": 5}))
    frame = wait(session, lambda frame: frame.problem is not None and frame.problem.width == 5)
    assert frame.generation == 3


def test_where_no_run_is_there_to_go_back_to_what_is_wrong_is_told(session):
    bad, worse = (
        session.frame.preset.with_values({"data.kind": "file", "data.path": f"{name}.csv"})
        for name in ("missing", "lost")
    )
    live = Session(bad, running=False)
    assert "missing.csv" in wait(live, lambda frame: frame.error is not None).error
    live.change(worse)
    frame = wait(live, lambda frame: "lost.csv" in (frame.error or ""))
    assert (frame.preset, frame.refused) == (worse, None)
    live.close()


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


def test_seeking_shows_what_the_record_says_of_a_time(session):
    history = finish(session).history
    session.seek(20.0)
    sight = wait(session, lambda frame: frame.sought is not None).sought
    assert (sight.t, sight.loss, sight.step) == (20.0, history.loss_at(20.0), history.step_at(20.0))
    np.testing.assert_array_equal(sight.state.weights, history.state_at(20.0).weights)
    session.seek(1e9)
    assert wait(session, lambda frame: frame.sought is not sight).sought.t == history.end


def test_seeking_ahead_solves_so_far_and_halts_again_on_the_same_trajectory(session):
    session.seek(20.0)
    assert session.frame.status == "running"
    there = wait(session, lambda frame: frame.sought is not None)
    assert there.sought.t == 20.0
    assert there.status == "halted"
    assert there.history.end >= 20.0
    # no further than the step that reaches it
    assert there.history.neighbour(there.t, forward=False) < 20.0
    end = finish(session)
    session.reset()
    wait(session, lambda frame: frame.generation > end.generation and frame.history is not None)
    straight = finish(session)
    assert (straight.t, straight.steps) == (end.t, end.steps)
    assert straight.sought is None


def test_what_was_sought_is_shown_once(session):
    finish(session)
    session.seek(20.0)
    sought = wait(session, lambda frame: frame.sought is not None).sought
    assert session.mark().wait(DEADLINE)
    assert session.frame.sought is sought


def test_running_on_while_a_time_is_sought_is_not_undone(session):
    session.seek(20.0)
    session.run()
    assert wait(session, lambda frame: frame.over).status == "converged"


def test_a_run_branches_from_what_a_frame_shows(session):
    trunk = finish(session)
    session.branch(trunk, 20.0)
    branch = wait(session, lambda frame: frame.generation > trunk.generation and frame.over)
    saddle = trunk.history.recorded_at(20.0)
    np.testing.assert_array_equal(branch.problem.weights, saddle.weights)
    assert branch.preset.name.startswith("orthogonal-toy-at-")
    assert branch.history.loss_at(6.0) == pytest.approx(trunk.history.loss_at(saddle.t + 6.0), rel=0.05)


def test_a_branch_that_cannot_be_written_leaves_the_run_as_it_is(session, tmp_path):
    trunk = finish(session)
    (tmp_path / "config").write_text("a file where the folder should be")
    session.branch(trunk, 20.0)
    frame = wait(session, lambda frame: frame.note is not None)
    assert frame.note.failed
    assert (frame.generation, frame.status) == (trunk.generation, "converged")


def test_a_directory_that_could_not_be_filled_is_removed(session, tmp_path, monkeypatch):
    session.step()
    wait(session, lambda frame: frame.steps > 0)

    def full(*_):
        raise RunError("disc: cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "save", full)
        session.save_run(tmp_path / "full")
        note = wait(session, lambda frame: frame.note).note
    assert (note.failed, note.text) == (True, "disc: cannot be written")
    assert not list(tmp_path.glob("full*"))
    # and there is nothing in the way of the next one
    session.save_run(tmp_path / "full")
    assert not wait(session, lambda frame: frame.note.number > note.number).note.failed
    assert open_run(tmp_path / "full").t.size > 0


def test_keeping_writes_what_is_not_written_and_waits(session, tmp_path):
    assert session.keep(DEADLINE) is None, "nothing has been solved"
    session.step()
    wait(session, lambda frame: frame.steps == 1)
    note = session.keep(DEADLINE)
    assert not note.failed
    assert open_run(session.frame.folder).summary["steps"] == 1
    assert session.keep(DEADLINE) is None
    finish(session)
    session.keep(DEADLINE)
    assert open_run(session.frame.folder).summary["status"] == "converged"


@pytest.mark.parametrize(
    ("saved", "told"),
    [
        (True, "the step in progress was given up; what was solved before it is in "),
        (False, "could not be saved"),
    ],
)
def test_keeping_that_takes_too_long_says_what_there_is(session, monkeypatch, saved, told):
    if saved:
        session.save_run()
        wait(session, lambda frame: frame.note is not None)
    held = threading.Event()
    monkeypatch.setattr(module, "save_preset", lambda *_, **__: held.wait(DEADLINE))
    session.save_preset("what takes long")
    note = session.keep(0.0)
    held.set()
    assert note.failed
    assert told in note.text
    assert (str(session.place) in note.text) == saved


def test_without_a_run_there_is_nothing_to_keep(monkeypatch):
    held, built = threading.Event(), Training.from_preset(load_preset("orthogonal-toy"))

    def build(preset) -> Training:
        held.wait(DEADLINE)
        return built

    monkeypatch.setattr(Training, "from_preset", build)
    live = Session(load_preset("orthogonal-toy"), running=False)
    note = live.keep(0.0)
    held.set()
    live.close()
    assert note.failed
    assert note.text == "there was no run yet to save"


@pytest.mark.parametrize("leaves", [Session.close, lambda session: session.keep(DEADLINE)])
def test_nobody_waits_for_a_single_step_to_leave(session, leaves, endless):
    session.step()
    assert endless.wait(DEADLINE)
    leaves(session)
    assert session.frame.steps == 0


def test_what_is_sought_is_there_when_the_frame_says_halted(session):
    """Else the cursor would not be taken there by who looks in between."""
    seen = []
    session.front.on_frame = lambda: seen.append((session.frame.status, session.frame.sought is not None))
    session.seek(20.0)
    wait(session, lambda frame: frame.sought is not None)
    assert session.mark().wait(DEADLINE)
    assert set(seen) <= {("running", False), ("halted", True)}, "until it is shown"
    assert (session.frame.status, session.frame.sought.t) == ("halted", 20.0)


def test_a_step_asked_for_after_what_was_superseded_is_taken(session):
    for _ in range(20):
        generation = session.frame.generation
        session.reset()
        session.step()
        session.step()
        assert wait(session, lambda frame: frame.generation > generation and frame.steps == 2)  # noqa: B023


def test_an_error_in_a_command_is_a_sentence_and_the_session_lives_on(session, monkeypatch):
    def broken(*_, **__):
        raise KeyError("nobody thought of this")

    with monkeypatch.context() as patched:
        patched.setattr(Training, "single_step", broken)
        session.step()
        assert "nobody thought of this" in wait(session, lambda frame: frame.error is not None).error
    session.step()
    assert wait(session, lambda frame: frame.steps == 1).error is None


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


def damaged(run: Path, spare: Callable[[str], bool]) -> None:
    """Leave only some of the arrays of a run's trajectory."""
    with np.load(run / "trajectory.npz") as held:
        kept = {name: held[name] for name in held.files if spare(name)}
    np.savez(run / "trajectory.npz", **kept)


def test_of_a_stored_run_nothing_is_unsaved_until_it_goes_on(session):
    session.step()
    wait(session, lambda frame: frame.steps == 1)
    session.keep(DEADLINE)
    before = session.frame.generation
    stored = open_run(session.frame.folder)
    session.change(stored.preset, stored)
    frame = wait(session, lambda frame: frame.generation > before and frame.history is not None)
    assert (frame.steps, frame.unsaved) == (1, False)
    session.step()
    assert wait(session, lambda frame: frame.steps == 2).unsaved


@pytest.mark.parametrize("rule", ["stop.time", "stop.steps"])
def test_a_stored_run_that_stands_beyond_where_it_is_to_stop_is_solved_anew(session, rule):
    before = finish(session)
    session.keep(DEADLINE)
    stored = open_run(session.frame.folder)
    session.change(stored.continued(stored.preset.with_values({rule: 2})), stored)
    session.run()
    frame = wait(session, lambda frame: frame.generation > before.generation and frame.over)
    assert f"{rule} is 2 and the run stands beyond it, at" in frame.note.text
    assert (frame.t if rule == "stop.time" else frame.steps) == 2
    assert frame.unsaved
    assert open_run(stored.path).summary["time"] == before.t


def test_a_stored_run_that_cannot_go_on_is_shown_as_far_as_it_is_recorded(session):
    before = finish(session)
    session.keep(DEADLINE)
    run = session.frame.folder
    damaged(run, lambda name: not name.startswith("checkpoint/"))
    stored = open_run(run)
    session.change(stored.preset, stored)
    frame = wait(session, lambda frame: frame.generation > before.generation and frame.note.failed)
    assert "cannot be resumed" in frame.note.text
    assert "what it recorded is shown" in frame.note.text
    assert (frame.status, frame.t, frame.steps) == ("converged", before.t, before.steps)
    assert not frame.unsaved
    np.testing.assert_array_equal(frame.history.state_at(20.0).weights, before.history.state_at(20.0).weights)
    np.testing.assert_allclose(frame.history.path, before.history.path)
    assert len(frame.history.events) == len(before.history.events)
    session.step()
    session.reset()
    wait(session, lambda later: later.generation > frame.generation and later.history is not None)
    assert finish(session).status == "converged"


def test_a_stored_run_of_which_nothing_can_be_read_is_a_sentence(session):
    finish(session)
    note = session.keep(DEADLINE)
    run, generation = session.frame.folder, session.frame.generation
    damaged(run, lambda name: name.startswith("series/t"))
    stored = open_run(run)
    session.change(stored.preset, stored)
    frame = wait(session, lambda frame: frame.refused is not None)
    assert str(run) in frame.refused.text
    assert (frame.generation, frame.note) == (generation, note)


@pytest.mark.parametrize("end", [Session.halt, Session.close])
def test_a_step_that_nobody_wants_any_more_is_given_up(session, endless, end):
    session.run()
    assert endless.wait(DEADLINE)
    end(session)
    if end is not Session.close:
        frame = wait(session, lambda frame: frame.status != "running")
        assert frame.steps == 0


def test_a_change_that_came_to_nothing_does_not_stop_the_solver(session, monkeypatch):
    """A branch takes its place, and fails: the run that was there goes on."""
    generation = session.frame.generation

    def fails(*_):
        raise OSError("no room")

    monkeypatch.setattr(module, "branch", fails)
    held = threading.Event()
    monkeypatch.setattr(module, "save_preset", lambda *_, **__: held.wait(DEADLINE))
    session.save_preset("x")  # takes until both of these are given
    session.change(session.frame.preset)
    session.branch(session.frame, 0.0)
    held.set()
    wait(session, lambda frame: frame.note is not None and "no room" in frame.note.text)
    assert finish(session).status == "converged"
    assert session.frame.generation == generation


def test_close_ends_the_thread():
    before = set(threading.enumerate())
    live = Session(load_preset("orthogonal-toy"))
    live.close()
    assert set(threading.enumerate()) <= before


def test_waiting_for_a_frame_ends_with_a_sentence(session):
    with pytest.raises(TimeoutError, match="no such frame within 0 s"):
        session.wait(lambda frame: frame.over, 0.0)


def test_solving_waits_for_the_first_picture_but_not_for_ever(monkeypatch):
    front, waited = Front(), []
    front.prepare()
    monkeypatch.setattr(front.pictured, "wait", waited.append)
    front.wait(0.0)
    front.wait(0.0)
    assert waited == [FIRST_SECONDS]
    front.prepare()
    front.open()
    front.wait(0.0)
    assert waited == [FIRST_SECONDS]


def test_building_waits_for_the_first_picture_of_what_shows_the_run(monkeypatch):
    monkeypatch.setattr("reluflow.live.front.FIRST_SECONDS", 60.0)
    session = Session(load_preset("orthogonal-toy"), running=False, painted=False)
    try:
        assert session.frame.problem is None
        assert not session.front.pictured.is_set()
        session.front.open()
        assert session.wait(lambda frame: frame.problem, 30.0).problem is not None
    finally:
        session.front.open()
        session.close()


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


def test_a_step_that_began_beside_the_screen_is_not_held_up_by_it(session, monkeypatch):
    """The screen never rests, and was waited for before the step."""
    inside, waited = [False], []
    advance = Lorentz.advance

    def look_and_advance(solver, *arguments):
        inside[0] = True
        assert not solver.abandoned()
        advance(solver, *arguments)
        inside[0] = False

    def never_rest(seconds: float) -> bool:
        waited.append(inside[0])
        return False

    monkeypatch.setattr(Lorentz, "advance", look_and_advance)
    monkeypatch.setattr(session.front, "wait", never_rest)
    session.front.begin()
    assert finish(session).status == "converged"
    assert waited
    assert True not in waited


def test_a_burst_of_descent_gives_way_to_the_screen_in_the_middle(session, monkeypatch):
    """Else a key waits for a thousand iterations, and takes turns with them."""
    from reluflow.flow.descent import Descent

    inside, waited = [False], []
    advance = Descent.advance

    def begin_and_advance(solver, *arguments):
        session.front.begin()
        inside[0] = True
        advance(solver, *arguments)
        inside[0] = False

    def rest_and_wait(seconds: float) -> bool:
        waited.append(inside[0])
        session.front.rest()
        return True

    monkeypatch.setattr(Descent, "advance", begin_and_advance)
    monkeypatch.setattr(session.front, "wait", rest_and_wait)
    session.change(session.frame.preset.with_values({"solver.method": "gd", "stop.steps": 5000}))
    assert finish(session).status == "steps"
    assert True in waited
