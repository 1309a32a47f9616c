"""How often the screen is drawn: the pace of the settings, and a bounded share of a solver's time."""

from itertools import pairwise

import pytest

from reluflow.tui.terminal.frames import LONGEST, SHARE, Frames


def drawn(frames: Frames, cost: float, solving: bool, seconds: float = 10.0) -> list[float]:
    """When frames that cost so much are drawn, looked for every 5 ms from 0 on."""
    times, spent = [], 0.0
    for tick in range(int(seconds / 0.005)):
        now = 0.005 * tick
        if frames.is_due(now, solving):
            times.append(now)
            frames.begin(now, spent)
            spent += cost
    return times


@pytest.mark.parametrize(("cost", "solving"), [(0.002, True), (0.08, False)])
def test_cheap_frames_and_those_of_a_solved_run_keep_the_pace(cost: float, solving: bool) -> None:
    assert len(drawn(Frames(10.0, 0.0, 0.0), cost, solving)) == pytest.approx(99, abs=1)


def test_the_beat_of_the_looks_does_not_make_the_pace_slower() -> None:
    """Looks that come 40 times a second make 30 frames of it, not 20."""
    frames, count = Frames(30.0, 0.0, 0.0), 0
    for tick in range(1, 401):
        if frames.is_due(0.025 * tick, solving=False):
            frames.begin(0.025 * tick, 0.0)
            count += 1
    assert count == pytest.approx(300, abs=3)


@pytest.mark.parametrize("cost", [0.02, 0.04])
def test_dear_frames_take_no_more_than_their_share_of_a_solver(cost: float) -> None:
    late = [t for t in drawn(Frames(10.0, 0.0, 0.0), cost, True, 20.0) if t >= 10.0]
    assert len(late) * cost / 10.0 == pytest.approx(SHARE, rel=0.1)


def test_frames_are_never_further_apart_than_half_a_second() -> None:
    times = drawn(Frames(10.0, 0.0, 0.0), 1.0, True)
    assert max(b - a for a, b in pairwise(times)) <= LONGEST + 0.005
