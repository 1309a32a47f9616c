"""What two threads have in common: commands one way, frames the other, under one lock."""

import threading
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from reluflow.live import commands
from reluflow.live.exchange import Exchange
from reluflow.live.frame import Frame, Notice
from reluflow.live.front import Front
from reluflow.store.preset import load_preset

PRESET = load_preset("orthogonal-toy")
RUNNING = Frame(PRESET, status="running")


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(RUNNING, running=True)


def test_commands_come_in_their_order_and_cannot_be_changed(exchange: Exchange) -> None:
    given = [commands.Seek(2.0, halts=True), commands.TakeStep(), commands.Publish()]
    for command in given:
        exchange.post(command)
    assert not exchange.is_clear
    assert [exchange.next_command(0.0) for _ in range(4)] == [*given, None]
    assert exchange.is_clear
    for command in commands.Command.__subclasses__():
        assert command.__dataclass_params__.frozen, command  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError):
        given[0].t = 3.0  # type: ignore[attr-defined]


def test_a_step_is_superseded_until_all_that_supersede_it_are_taken(exchange: Exchange) -> None:
    exchange.post(commands.TakeStep())
    assert not exchange.is_superseded
    exchange.post(commands.Rebuild())
    exchange.post(commands.Leave())
    for superseded in (True, True, False):
        assert exchange.is_superseded
        exchange.next_command(0.0)
        assert exchange.is_superseded is superseded


def test_a_step_is_given_up_for_what_makes_it_useless_alone() -> None:
    superseding = {command for command in commands.Command.__subclasses__() if command.supersedes}
    assert superseding == {commands.Rebuild, commands.Change, commands.Keep, commands.Leave}


def test_only_the_newest_change_is_to_be_built(exchange: Exchange) -> None:
    first, second = exchange.count_change(), exchange.count_change()
    assert not exchange.is_newest_change(first)
    assert exchange.is_newest_change(second)


def test_changes_are_counted_apart_by_many_threads(exchange: Exchange) -> None:
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda: numbers.extend(exchange.count_change() for _ in range(200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 801))


def test_the_frame_says_at_once_whether_the_run_is_halted(exchange: Exchange) -> None:
    exchange.turn(running=False, then=commands.StopSeeking())
    assert (exchange.running, exchange.frame.status, exchange.frame.number) == (False, "halted", 1)
    assert isinstance(exchange.next_command(0.0), commands.StopSeeking)
    # a frame that was made before is halted, too
    exchange.show(replace(RUNNING, t=1.0))
    assert (exchange.frame.status, exchange.frame.t, exchange.frame.number) == ("halted", 1.0, 2)
    exchange.turn(running=True)
    assert exchange.frame.status == "running"
    exchange.show(replace(RUNNING, status="converged"))
    exchange.turn(running=False)
    assert exchange.frame.status == "converged", "it has ended, whatever is asked for now"


def test_arriving_halts_unless_a_command_waits_that_may_be_to_run_on(exchange: Exchange) -> None:
    exchange.post(commands.Publish())
    assert not exchange.halt_unless_told(halts=True)
    assert exchange.running
    exchange.next_command(0.0)
    assert exchange.halt_unless_told(halts=False)
    assert exchange.running
    assert exchange.halt_unless_told(halts=True)
    assert (exchange.running, exchange.frame.status) == (False, "running")


def test_who_shows_frames_is_told_of_each_and_finds_it_there(exchange: Exchange) -> None:
    seen: list[float] = []
    exchange.front.on_frame = lambda: seen.append(exchange.frame.t)
    for t in (1.0, 2.0):
        exchange.show(replace(RUNNING, t=t))
    assert seen == [1.0, 2.0]


def test_a_frame_is_waited_for_and_a_frame_that_does_not_come_is_a_sentence(exchange: Exchange) -> None:
    thread = threading.Thread(target=lambda: exchange.show(replace(RUNNING, steps=5)))
    thread.start()
    assert exchange.wait(lambda frame: frame.steps == 5, 30.0).number == 1
    thread.join()
    with pytest.raises(TimeoutError, match=r"no such frame within 0 s; the last one was running at t = 0"):
        exchange.wait(lambda frame: frame.steps == 6, 0.0)


def test_who_waits_for_a_frame_is_woken_when_solving_is_turned_off(exchange: Exchange) -> None:
    looked, seen = threading.Event(), []

    def halted(frame: Frame) -> bool:
        looked.set()
        return frame.status == "halted"

    thread = threading.Thread(target=lambda: seen.append(exchange.wait(halted, 30.0)), daemon=True)
    thread.start()
    assert looked.wait(10.0)
    exchange.turn(running=False)
    thread.join(10.0)
    assert [frame.status for frame in seen] == ["halted"]


def test_the_directory_is_where_the_run_is_written_to_last(exchange: Exchange) -> None:
    assert exchange.place is None
    exchange.write_to(Path("runs/toy-1"))
    assert exchange.place == Path("runs/toy-1")


def test_a_frame_says_nothing_of_a_run_that_is_not_built() -> None:
    frame = Frame(PRESET)
    assert (frame.number, frame.generation, frame.steps, frame.events) == (0, 0, 0, 0)
    assert (frame.t, frame.wall_seconds, frame.steps_per_second) == (0.0, 0.0, 0.0)
    assert frame.status == "building"
    assert not frame.over
    assert Notice(1, "done") == Notice(1, "done", failed=False, seconds=0.0)


def test_nobody_waits_for_a_front_before_it_has_something_to_do() -> None:
    front = Front()
    assert not front.is_busy()
    assert front.wait(0.0)
    front.begin()
    assert front.is_busy()
    assert not front.wait(0.0)
