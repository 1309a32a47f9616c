"""A window on the loss: its limits, the curve inside of it, and its picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluflow.plot.axes import decade_ticks, linear_ticks
from reluflow.plot.cells import Row, plain
from reluflow.plot.glyphs import ASCII, BRAILLE
from reluflow.plot.loss_curve import Curve, LossAxes, curve_of, fit_axes
from reluflow.plot.loss_marks import with_cursor
from reluflow.plot.loss_picture import draw_loss
from reluflow.plot.loss_place import loss_at, time_at
from reluflow.plot.loss_window import Window, part_of, refined
from reluflow.plot.phases import Plateau
from reluflow.theory.landmarks import Landmark

any_float = st.floats(allow_nan=True, allow_infinity=True, width=64)
LINEAR = LossAxes(log_time=False, time=(0.0, 100.0), loss=(-6.0, 0.0))
LOG = LossAxes(log_time=True, time=(-2.0, 4.0), loss=(0.0, 2.0), log_loss=False)
STRAIGHT = Curve(np.linspace(0.0, 100.0, 11), np.linspace(0.0, -5.0, 11), np.linspace(0.0, -5.0, 11))


def zoomed(window: Window, whole: LossAxes, axis: str, factor: float, share: float) -> Window:
    return window.zoomed(window.within(whole, [STRAIGHT]), whole, axis, factor, share)


@pytest.mark.parametrize("whole", [LINEAR, LOG])
@pytest.mark.parametrize("axis", ["time", "loss"])
def test_what_is_under_the_pointer_stays_there(whole: LossAxes, axis: str) -> None:
    before = Window((20.0, 60.0), (1e-4, 1e-2)).within(whole, [])
    window = Window((20.0, 60.0), (1e-4, 1e-2)).zoomed(before, whole, axis, 0.5, 0.25)
    after = window.within(whole, [])
    for old, new in ((before.time, after.time), (before.loss, after.loss)):
        turned = (old is before.time) == (axis == "time")
        width = 0.5 if turned else 1.0
        assert new[1] - new[0] == pytest.approx(width * (old[1] - old[0]))
        assert new[0] + 0.25 * (new[1] - new[0]) == pytest.approx(old[0] + 0.25 * (old[1] - old[0]))


@given(share=st.floats(0.0, 1.0), turns=st.integers(1, 60))
def test_closer_and_wider_again_ends_with_the_whole(share: float, turns: int) -> None:
    window = Window()
    for _ in range(turns):
        window = zoomed(window, LINEAR, "time", 0.5, share)
    low, high = window.within(LINEAR, [STRAIGHT]).time
    assert high - low >= 1e-9 * high
    for _ in range(turns + 1):
        window = zoomed(window, LINEAR, "time", 2.0, share)
    assert window.is_whole


def test_a_window_moves_as_far_as_the_axis_goes() -> None:
    window = Window((20.0, 60.0))
    shown = window.within(LINEAR, [STRAIGHT])
    on = window.moved(shown, LINEAR, "time", 0.25)
    assert on.time == pytest.approx((30.0, 70.0))
    for _ in range(9):
        on = on.moved(on.within(LINEAR, [STRAIGHT]), LINEAR, "time", 0.25)
    assert on.time == pytest.approx((60.0, 100.0))
    assert Window().moved(LINEAR, LINEAR, "time", 1.0).is_whole


def test_a_window_keeps_its_times_on_another_axis() -> None:
    window = zoomed(Window(), LOG, "time", 0.5, 1.0)
    assert window.time == pytest.approx((10.0, 1e4))
    assert window.within(LINEAR, []).time == pytest.approx((10.0, 1e4))
    assert Window((0.0, 100.0)).within(LOG, []).time == (-2.0, 2.0)


def test_the_loss_axis_fits_what_is_inside() -> None:
    low, high = Window((40.0, 60.0)).within(LINEAR, [STRAIGHT]).loss
    assert low <= -3.0 <= -2.0 <= high
    assert high - low < 1.6
    flat = Curve(STRAIGHT.x, np.full(11, -2.0), np.full(11, -2.0))
    low, high = Window((40.0, 60.0)).within(LINEAR, [flat]).loss
    assert low <= -2.0 < high
    assert high - low < 1e-5


def test_part_of_a_curve_ends_on_the_straight_lines_between_its_points() -> None:
    part = part_of(STRAIGHT, (35.0, 52.0))
    assert part.x.tolist() == [35.0, 40.0, 50.0, 52.0]
    assert part.high == pytest.approx(-0.05 * part.x)
    assert part_of(STRAIGHT, (200.0, 300.0)).x.size == 0
    assert part_of(STRAIGHT, (41.0, 42.0)).x.tolist() == [41.0, 42.0]
    assert part_of(STRAIGHT, (-10.0, 5.0)).x.tolist() == [0.0, 5.0]


def test_better_known_rows_replace_those_between() -> None:
    t = np.arange(10.0)
    series = {"t": t, "loss": t, "loss_low": t - 1.0, "loss_high": t + 1.0, "step": t}
    found = refined(series, np.array([3.0, 3.5, 6.0]), np.array([30.0, 35.0, 60.0]))
    assert found["t"].tolist() == [0.0, 1.0, 2.0, 3.0, 3.5, 6.0, 7.0, 8.0, 9.0]
    assert found["loss"][2:7].tolist() == [2.0, 30.0, 35.0, 60.0, 7.0]
    assert found["loss_low"][2:7].tolist() == [1.0, 30.0, 35.0, 60.0, 6.0]


@pytest.mark.parametrize(
    ("low", "high"), [(82.1634, 82.1639), (1.00000001e6, 1.00000009e6), (1.01e-9, 1.02e-9)]
)
def test_ticks_of_a_narrow_window_differ(low: float, high: float) -> None:
    for ticks in (linear_ticks((low, high), 6), decade_ticks((np.log10(low), np.log10(high)), 6)):
        labels = [tick.label for tick in ticks]
        assert 2 <= len(labels) == len(set(labels))
    assert [tick.at for tick in ticks] == pytest.approx(
        [np.log10(float(label)) for label in labels], abs=1e-12
    )


def test_a_curve_that_leaves_above_and_below_is_cut_off_and_not_led_along_the_edge() -> None:
    x = np.linspace(0.0, 100.0, 400)
    y = -3.0 + 3.0 * np.sin(x / 4.0)
    axes = Window((0.0, 100.0), (10.0**-3.5, 10.0**-2.5)).within(LINEAR, [])
    picture = draw_loss(Curve(x, y, y), axes, (60, 14), BRAILLE)
    canvas = [plain(row)[picture.left :] for row in picture.rows[: picture.inner[1]]]
    for row in (canvas[0], canvas[-1]):
        assert 4 < len(row.replace(" ", "")) < 20
    assert all(row.strip() for row in canvas)


def test_marks_outside_of_the_window_are_not_drawn() -> None:
    axes = Window((40.0, 60.0)).within(LINEAR, [STRAIGHT])
    plateaus = [Plateau(1, 1.0, 5.0, 9.0, 9.0, 1e-3), Plateau(2, 30.0, 50.0, 52.0, 53.0, 10.0**-2.5)]
    escapes = [Landmark(10.0, 1e-3, 1e-3), Landmark(50.0, 1e-3, 10.0**-2.5)]
    picture = draw_loss(STRAIGHT, axes, (60, 14), BRAILLE, plateaus=plateaus, theory=escapes)
    text = "\n".join(plain(row) for row in picture.rows)
    assert "S1" not in text
    assert "S2" in text
    assert all(sum(segment.role == "theory" for segment in row) <= 2 for row in picture.rows)
    later = [*escapes, Landmark(80.0, 1e-3, 10.0**-2.2), Landmark(90.0, 1e-3, 1e-3)]
    further = draw_loss(STRAIGHT, axes, (60, 14), BRAILLE, plateaus=plateaus, theory=later)
    last, second = (plain(row)[picture.left :] for row in further.rows if BRAILLE.theory in plain(row))
    assert second.startswith(BRAILLE.theory * 10), "the loss rests on the second level until 50"
    assert last.endswith(BRAILLE.theory * 10), "and on the third from there to the end"
    marked = with_cursor(picture, 50.0, BRAILLE)
    assert marked != picture.rows
    for t in (10.0, 39.0, 61.0):
        assert with_cursor(picture, t, BRAILLE) == picture.rows


def test_columns_and_rows_of_a_window_are_times_and_losses() -> None:
    axes = Window((40.0, 60.0), (1e-4, 1e-2)).within(LINEAR, [])
    picture = draw_loss(STRAIGHT, axes, (60, 14), BRAILLE)
    width, height = picture.inner
    assert time_at(picture, picture.left) == pytest.approx(40.0)
    assert time_at(picture, picture.left + width - 1) == pytest.approx(60.0)
    assert loss_at(picture, 0) == pytest.approx(1e-2)
    assert loss_at(picture, height - 1) == pytest.approx(1e-4)


@settings(max_examples=75)
@given(
    points=st.lists(st.tuples(any_float, any_float, any_float), max_size=30),
    log_time=st.booleans(),
    log_loss=st.booleans(),
    size=st.tuples(st.integers(0, 40), st.integers(0, 14)),
    window=st.tuples(*[st.floats(0.0, allow_infinity=False)] * 4),
    turns=st.lists(
        st.tuples(st.sampled_from(["time", "loss"]), st.floats(0.2, 5.0), st.floats(0.0, 1.0)), max_size=8
    ),
    now=any_float,
)
def test_any_window_on_any_data_fits_the_panel(points, log_time, log_loss, size, window, turns, now) -> None:  # type: ignore[no-untyped-def]
    t, low, high = np.array(points, dtype=float).reshape(-1, 3).T
    curve = curve_of({"t": t, "loss": high, "loss_low": low, "loss_high": high}, log_time, log_loss)
    whole = fit_axes(None, curve, log_time, log_loss=log_loss)
    chosen = Window(tuple(sorted(window[:2])), tuple(sorted(window[2:])) if window[3] > 1.0 else None)
    for axis, factor, share in turns:
        shown = chosen.within(whole, [curve])
        chosen = chosen.zoomed(shown, whole, axis, factor, share).moved(shown, whole, axis, share - 0.5)
    picture = draw_loss(curve, chosen.within(whole, [curve]), size, ASCII, frozen={0: curve})
    rows: list[Row] = with_cursor(picture, now, ASCII)
    assert len(rows) == size[1]
    assert {len(plain(row)) for row in rows} <= {size[0]}
