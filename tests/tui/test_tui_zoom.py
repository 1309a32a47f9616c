"""Looking closely at the loss: a window by keys, wheel and mouse, and what is exact inside of it."""

import numpy as np
import pytest
from driver import Driver, explorer
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Offset

import reluflow
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import BRAILLE
from reluflow.plot.loss_window import Window
from reluflow.store.preset import load_preset
from reluflow.tui.widgets.loss_panel import TIMES, LossPanel

TOY = {"stop.loss": 1e-6}


def loss(app: Driver) -> LossPanel:
    return app.app.query_one(LossPanel)


def shown(app: Driver) -> tuple[float, float]:
    """The flow times at the ends of the picture."""
    axes = loss(app).picture.axes
    return axes.time_of(axes.time[0]), axes.time_of(axes.time[1])


@pytest.mark.parametrize("time", TIMES)
def test_the_heading_is_never_cut_where_the_terminal_has_80_columns(time: str) -> None:
    panel = LossPanel(BRAILLE)
    panel.window, panel.axis, panel.square_time = Window(time=(0.0, 1.0)), "loss", time
    heading = plain(panel.make_rows(46, 9)[0])
    assert heading.endswith(", zoomed, keys: loss ─")
    assert "keys zoom the loss" in plain(panel.make_rows(90, 9)[0])


async def go_to(app: Driver, t: float) -> None:
    app.app.transport.go_to(t)
    await app.drained()


async def test_keys_look_closer_about_the_cursor_move_on_and_show_the_whole_again() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        await go_to(app, 10.0)
        whole = shown(app)
        await app.press("right_curly_bracket", "right_curly_bracket")
        near = shown(app)
        assert near[1] - near[0] == pytest.approx(0.25 * (whole[1] - whole[0]))
        assert near[0] < 10.0 < near[1]
        assert "zoomed" in app.text
        await app.press("right_parenthesis")
        assert shown(app)[0] == pytest.approx(near[0] + 0.25 * (near[1] - near[0]))
        await app.press("left_parenthesis", "left_curly_bracket")
        assert shown(app)[1] - shown(app)[0] == pytest.approx(0.5 * (whole[1] - whole[0]))
        await app.press("0")
        assert shown(app) == whole
        assert "zoomed" not in app.text


async def test_the_keys_act_on_the_loss_if_wanted() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        await go_to(app, 10.0)
        before = loss(app).picture.axes
        await app.press("v", "right_curly_bracket")
        after = loss(app).picture.axes
        assert after.time == before.time
        assert after.loss[1] - after.loss[0] == pytest.approx(0.5 * (before.loss[1] - before.loss[0]))
        assert after.loss[0] < np.log10(app.moment.loss) < after.loss[1]
        assert "keys zoom the loss" in app.text
        await app.press("v", "right_curly_bracket")
        assert loss(app).picture.axes.loss == after.loss


async def test_the_curve_in_a_window_is_the_exact_one() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        await go_to(app, 10.0)
        await app.press(*["right_curly_bracket"] * 6)
        begin, end = shown(app)
        known = app.app.closeups

        def is_solved() -> bool:
            found = known.closeup
            return (
                found is not None and found.t[0] == pytest.approx(begin) and found.t[-1] == pytest.approx(end)
            )

        await app.until(is_solved, "the losses in the window")
        found, problem = known.closeup, load_preset("orthogonal-toy").problem()
        inside = app.frame.history.series["t"]
        assert found.t.size > 4 * np.count_nonzero((inside >= begin) & (inside <= end))
        exact = reluflow.simulate(
            problem.inputs, problem.targets, problem.weights, problem.output_weights, rtol=1e-9, times=found.t
        )
        assert found.loss == pytest.approx(exact.loss, rel=1e-4)
        await app.press("0")
        assert known.closeup is None


async def test_the_wheel_looks_closer_about_the_pointer_and_left_of_the_curve_at_the_loss() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        panel = loss(app)
        whole, left = panel.picture.axes, panel.picture.left

        async def turn(event: type, x: int, shift: bool = False) -> None:
            y = panel.top + 3
            panel.post_message(event(panel, x, y, 0, 0, 0, shift, False, False, x, y))
            await app.drained()

        await turn(MouseScrollUp, left)
        assert panel.picture.axes.time == pytest.approx((whole.time[0], 0.5 * whole.time[1]))
        await turn(MouseScrollDown, left)
        assert panel.picture.axes == whole
        for x, shift in ((1, False), (left + 5, True)):
            await turn(MouseScrollUp, x, shift)
            axes = panel.picture.axes
            assert axes.time == whole.time
            assert axes.loss[1] - axes.loss[0] == pytest.approx(0.5 * (whole.loss[1] - whole.loss[0]))
            await turn(MouseScrollDown, x, shift)


async def test_what_the_mouse_is_dragged_over_is_the_window_and_a_click_still_goes_there() -> None:
    async with explorer(overrides=TOY) as app:
        await app.solved()
        panel = loss(app)
        left, begin = panel.picture.left, app.moment.t
        await app.pilot.mouse_down(LossPanel, offset=Offset(left + 20, panel.top + 4))
        await app.pilot.mouse_up(LossPanel, offset=Offset(left + 5, panel.top + 5))
        await app.drained()
        window = panel.window.time
        assert window is not None
        assert panel.window.loss is None
        assert shown(app) == pytest.approx(window)
        assert app.moment.t == begin
        await app.pilot.click(LossPanel, offset=Offset(left + 3, panel.top + 4))
        await app.drained()
        assert window[0] < app.moment.t < 0.5 * (window[0] + window[1])


async def test_a_turned_knob_keeps_the_window_and_another_preset_shows_the_whole() -> None:
    async with explorer(overrides=TOY) as app:
        before = await app.solved()
        await go_to(app, 10.0)
        await app.press(*["right_curly_bracket"] * 3)
        window = shown(app)
        app.app.parameters.step({"init.seed": 5})
        await app.until(lambda: app.frame.generation > before.generation and app.frame.over, "the next run")
        assert shown(app) == pytest.approx(window)
        app.app.parameters.start(load_preset("first-steps"))
        await app.until(lambda: app.frame.preset.name == "first-steps", "another preset")
        assert loss(app).picture.axes.whole
