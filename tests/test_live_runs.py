"""Runs that nobody has kept: written beside the work, gone when not wanted, found when left behind."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from reluflow.live import keeping as keeper
from reluflow.live.session import Session
from reluflow.store.claim import Claim
from reluflow.store.live_runs import discard, left_behind, live_folder
from reluflow.store.preset import load_preset
from reluflow.store.run_directory import open_run
from reluflow.training import saving
from reluflow.training.resumption import resumed
from reluflow.training.training import Training

DEADLINE = 60.0


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """One whose runs are written from their first step on."""
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keeper, "LIVE_SECONDS", 0.0)
    for name in ("FIRST_SECONDS", "SAVE_SECONDS", "SAVE_SHARE"):
        monkeypatch.setattr(saving, name, 0.0)
    live = Session(load_preset("orthogonal-toy"), live=True)
    live.wait(lambda frame: frame.over, DEADLINE)
    yield live
    live.close()


def places() -> list[Path]:
    return sorted(live_folder().iterdir())


def settled(session: Session) -> None:
    """All that was asked of the session is done."""
    assert session.mark().wait(DEADLINE)


def test_a_run_is_written_without_having_been_asked_for(session: Session) -> None:
    settled(session)
    (place,) = places()
    assert session.place == place
    frame = session.frame
    assert open_run(place).summary["steps"] == frame.steps
    # it is not kept, which is what leaving asks for, and not on offer while its process lives
    assert (frame.unsaved, frame.folder) == (True, None)
    assert left_behind() == []


def test_where_there_are_no_claims_the_process_tells(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(session)
    monkeypatch.setattr("reluflow.store.claim.fcntl", None)
    assert left_behind() == []
    session.keep(DEADLINE)
    session.close()
    assert [run.path for run in left_behind()] == places()


def test_a_run_that_another_writer_has_claimed_is_not_on_offer(session: Session) -> None:
    session.keep(DEADLINE)
    session.close()
    (run,) = left_behind()
    claim = Claim(run.path)
    assert left_behind() == []
    claim.release()
    assert len(left_behind()) == 1


def test_another_run_in_its_place_leaves_nothing_behind(session: Session) -> None:
    (before,) = places()
    for width in (5, 6):
        session.change(session.frame.preset.with_values({"network.width": width}))
        session.wait(lambda frame: frame.over and frame.problem.width == width, DEADLINE)  # noqa: B023
    settled(session)
    (after,) = places()
    assert after != before
    assert open_run(after).preset.values["network.width"] == 6


def test_leaving_in_order_leaves_nothing_behind(session: Session) -> None:
    session.close()
    assert places() == []


def test_keeping_moves_it(session: Session) -> None:
    session.save_run()
    session.wait(lambda frame: frame.note is not None, DEADLINE)
    assert places() == []
    assert session.frame.folder == Path("runs/orthogonal-toy-1")
    assert not session.frame.unsaved
    assert open_run(session.frame.folder).summary["steps"] == session.frame.steps


def test_what_a_process_leaves_behind_is_found_and_gone_on_with(session: Session) -> None:
    note = session.keep(DEADLINE)
    session.close()
    (run,) = left_behind()
    assert note is None or str(run.path) in note.text
    again = Session(run.preset, stored=run, running=False, live=True)
    frame = again.wait(lambda frame: frame.history is not None, DEADLINE)
    assert frame.steps == run.summary["steps"]
    assert again.place == run.path
    assert left_behind() == []
    assert not discard(run.path), "another process would not delete it"
    again.save_run()
    again.wait(lambda frame: frame.note is not None, DEADLINE)
    assert places() == []
    # what it names is beside it where it is now
    assert again.frame.preset.folder == again.frame.folder
    again.close()


def test_the_time_between_two_steps_is_no_solving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once no step is computed the thread that watches steps begins no directory, however long it looks."""
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    looked = threading.Semaphore(0)

    class Looks(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            looked.release()
            return super().wait(0.001)

    preset = load_preset("orthogonal-toy")
    with monkeypatch.context() as patched:
        patched.setattr(threading, "Event", Looks)
        watched = keeper.Keeper(live=True)
    with watched.solving(preset, Training.from_preset(preset)):
        pass
    monkeypatch.setattr(keeper, "LIVE_SECONDS", 0.0)
    assert all(looked.acquire(timeout=DEADLINE) for _ in range(5))
    assert watched.place is None
    watched.close()


def test_a_folder_that_cannot_be_written_does_not_end_the_run(tmp_path: Path, session: Session) -> None:
    session.close()
    shutil.rmtree(live_folder())
    live_folder().write_text("in the way")
    other = Session(load_preset("orthogonal-toy"), live=True)
    assert other.wait(lambda frame: frame.over, DEADLINE).status == "converged"
    assert other.place is None
    note = other.keep(DEADLINE)
    assert note is not None
    assert Path("runs/orthogonal-toy-1").is_dir()
    other.close()


def test_a_run_left_within_its_first_step_begins_anew(tmp_path: Path, session: Session) -> None:
    """Its start is there before the step ends; the run that is made of it is the same."""
    training = Training.from_preset(session.frame.preset)
    keep = keeper.Keeper(live=True)
    with keep.solving(session.frame.preset, training):
        end = time.monotonic() + DEADLINE
        while keep.place is None:
            assert time.monotonic() < end, "nothing was written"
            time.sleep(0.01)
        place = keep.place
    stored = open_run(place)
    assert stored.checkpoint is None
    begun = resumed(stored, stored.preset)
    assert begun.solver.steps == 0
    assert np.array_equal(begun.problem.weights, training.problem.weights)
    keep.close()
    assert not place.exists()


def test_the_thread_of_a_keeper_ends_with_it():
    before = set(threading.enumerate())
    watched = keeper.Keeper(live=True)
    training = Training.from_preset(load_preset("orthogonal-toy"))
    with watched.solving(load_preset("orthogonal-toy"), training):
        (watching,) = [one for one in set(threading.enumerate()) - before if one.name == "keeper"]
    watched.close()
    watching.join(10.0)
    assert not watching.is_alive()
