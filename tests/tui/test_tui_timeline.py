"""The band at the foot and the keys that move along it."""

import numpy as np
import pytest
from driver import Driver, explorer
from textual.geometry import Offset
from textual.widgets import Input

from reluflow.flow.base import State
from reluflow.observe.history import History
from reluflow.plot.glyphs import BRAILLE
from reluflow.tui.widgets.loss_panel import LossPanel
from reluflow.tui.widgets.timeline import Timeline, TimeScale

TOY = {"stop.loss": 1e-4}


def band(app: Driver) -> str:
    """The line of the band."""
    return app.lines[app.app.query_one(Timeline).region.y]


async def test_the_band_names_the_plateaus_and_has_the_cursor() -> None:
    async with explorer(overrides=TOY, size=(100, 30)) as app:
        await app.solved()
        await app.press("home")
        assert "on S1" in band(app)
        for sign in ("S1", "S2", BRAILLE.plateau, BRAILLE.escape):
            assert sign in band(app)
        places = [band(app).index(BRAILLE.band_cursor)]
        for key in ("right_square_bracket", "end"):
            await app.press(key)
            places.append(band(app).index(BRAILLE.band_cursor))
        assert places == sorted(set(places))
        assert "after S2" in band(app) or "leaving S2" in band(app)


async def test_the_end_of_a_run_that_is_over_is_no_earlier_than_its_time() -> None:
    async with explorer(overrides=TOY, size=(100, 30)) as app:
        await app.solved()
        await app.press("end")
        t, end = band(app).split()[-3::2]
        assert t == end
        assert float(t) == pytest.approx(app.moment.t, abs=1e-3)


async def test_a_tall_screen_has_times_below_the_band() -> None:
    async with explorer(overrides=TOY, size=(100, 40)) as app:
        await app.solved()
        assert "10" in app.lines[-2]
        assert "20" in app.lines[-2]
        await app.resize(100, 24)
        assert app.app.query_one(Timeline).size.height == 1


async def test_plateaus_can_be_gone_to_and_played_to() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        first, second = app.moment.plateaus
        await app.press("home", "right_square_bracket")
        assert app.moment.t == second.begin
        await app.press("right_square_bracket")
        assert "there is no later plateau" in app.text
        await app.press("left_square_bracket")
        assert app.moment.t == 0.0
        await app.press("E")
        assert "playing" in app.lines[1]
        assert "to the next escape" in app.lines[1]
        await app.play(60.0)
        assert app.moment.t == first.leave
        assert "paused" in app.lines[1]
        await app.press("P")
        await app.play(60.0)
        assert app.moment.t == second.begin
        assert "on S2" in band(app)


async def test_arrows_move_the_cursor_by_hundredths() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        await app.press("c", "home", "right", "right", "right", "left")
        assert app.moment.clock == "time"
        assert app.moment.t == pytest.approx(0.02 * app.frame.history.end)
        assert not app.moment.playing


async def test_g_goes_to_a_time_and_says_when_there_is_none() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        await app.press("g", *"13.5", "enter")
        assert app.moment.t == 13.5
        await app.press("g", *"never", "enter")
        assert "no such time" in app.text
        app.app.screen.query_one(Input).value = "S2"
        await app.press("enter")
        assert app.moment.t == app.moment.plateaus[1].begin
        await app.press("g", "escape")
        assert app.moment.t == app.moment.plateaus[1].begin


async def test_g_to_a_time_that_is_not_solved_solves_so_far_and_no_further() -> None:
    async with explorer(overrides=TOY) as app:
        await app.halted_at(1)
        assert app.frame.history.end < 20.0
        await app.press("g", *"20", "enter")
        await app.until(lambda: app.moment.t == 20.0, "the time")
        assert app.session.frame.status == "halted"
        assert app.session.frame.sought.t == 20.0
        await app.press("h")
        assert app.session.frame.status in ("running", "converged")


async def test_a_click_on_the_band_or_the_curve_goes_there() -> None:
    async with explorer(overrides=TOY, size=(100, 30)) as app:
        await app.solved()
        end = app.frame.history.end
        middle = band(app).index("S2")
        await app.pilot.click(Timeline, offset=Offset(middle - 1, 0))
        await app.drained()
        second = app.moment.plateaus[1]
        assert second.begin < app.moment.t < second.leave
        panel = app.app.query_one(LossPanel)
        await app.pilot.click(LossPanel, offset=Offset(panel.picture.left + 3, 5))
        await app.drained()
        assert 0.0 < app.moment.t < 0.2 * end


async def test_seeking_shows_loss_and_state_of_that_time() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        seen = set()
        for key in ("home", "right_square_bracket", "end"):
            await app.press(key)
            history = app.frame.history
            assert app.moment.loss == history.loss_at(app.moment.t)
            seen.add("\n".join(app.lines[app.app.query_one("#neurons").region.y :]))
        assert len(seen) == 3


def long_run() -> History:
    """A thousand units of time, sixteen steps."""
    t = np.linspace(0.0, 1000.0, 17)
    states = [State(float(at), np.ones((1, 1)), np.ones(1)) for at in t]
    series = {"t": t, "loss": np.exp(-t), "step": np.arange(17)}
    return History(states, t.copy(), series)


@pytest.mark.parametrize("focus", [20.0, 900.0, 1000.0])
def test_a_long_end_gets_a_quarter_of_the_band_at_most(focus: float) -> None:
    scale = TimeScale(long_run(), "time", focus)
    assert scale.share_of(focus) == pytest.approx(max(0.75, focus / 1000.0))
    assert scale.share_of(1000.0) == pytest.approx(1.0)
    assert scale.share_of(focus / 2.0) == pytest.approx(0.5 * scale.share_of(focus))
    for share in (0.0, 0.3, 0.75, 0.8, 1.0):
        assert scale.share_of(scale.time_of(share)) == pytest.approx(share)
    assert [tick.at for tick in scale.ticks(100)][-1] >= 0.5 * focus


def test_a_run_of_no_length_has_a_band_too() -> None:
    history = long_run()
    point = History(history.states[:1], history.path[:1], {k: v[:1] for k, v in history.series.items()})
    scale = TimeScale(point, "time", 0.0)
    assert scale.time_of(0.5) == 0.0
    assert scale.share_of(0.0) == 0.0
