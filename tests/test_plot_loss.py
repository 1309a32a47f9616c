"""The loss panel: axes that stay, points that are kept, and no data that can break it."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import pieces

from reluflow.plot.axes import decade_ticks, linear_ticks, round_up, short, sticky_decades, sticky_time
from reluflow.plot.cells import FROZEN, plain
from reluflow.plot.glyphs import ASCII, BLOCK, BRAILLE, Glyphs
from reluflow.plot.loss_curve import Curve, LossAxes, curve_of, decimate, fit_axes, time_limit
from reluflow.plot.loss_marks import theory_key, with_cursor
from reluflow.plot.loss_picture import BESIDE, draw_loss
from reluflow.plot.loss_place import time_at
from reluflow.plot.phases import Plateau
from reluflow.theory.landmarks import Landmark, Landmarks

any_float = st.floats(allow_nan=True, allow_infinity=True, width=64)


def text(rows: list) -> list[str]:
    return [plain(row) for row in rows]


def series(t: list[float], loss: list[float]) -> dict[str, np.ndarray]:
    return {"t": np.array(t, dtype=float), "loss": np.array(loss, dtype=float)}


@settings(max_examples=75)
@given(
    points=st.lists(st.tuples(any_float, any_float, any_float), max_size=30),
    log_time=st.booleans(),
    width=st.integers(0, 40),
    height=st.integers(0, 14),
    glyphs=st.sampled_from([BRAILLE, BLOCK, ASCII]),
    now=any_float,
    log_loss=st.booleans(),
    loss=any_float,
)
def test_any_data_fits_the_panel(points, log_time, width, height, glyphs, now, log_loss, loss) -> None:  # type: ignore[no-untyped-def]
    t, low, high = np.array(points, dtype=float).reshape(-1, 3).T
    curve = curve_of({"t": t, "loss": high, "loss_low": low, "loss_high": high}, log_time, log_loss)
    other = curve_of({"t": low, "loss": t}, log_time, log_loss)
    axes = fit_axes(None, curve, log_time, log_loss=log_loss, floor=abs(loss), others=[other])
    plateaus = [Plateau(1, abs(now), abs(loss), None, None, loss), Plateau(2, loss, None, None, None, now)]
    picture = draw_loss(curve, axes, (width, height), glyphs, frozen={0: other}, plateaus=plateaus)
    rows = with_cursor(picture, now, glyphs)
    assert len(rows) == height
    assert {len(row) for row in text(rows)} <= {width}


@pytest.mark.parametrize("log_time", [False, True])
def test_a_panel_shows_ticks_curve_and_now(log_time: bool) -> None:
    t = np.geomspace(1e-2, 25, 400)
    curve = curve_of({"t": t, "loss": np.exp(-t)}, log_time)
    axes = fit_axes(None, curve, log_time)
    rows = with_cursor(draw_loss(curve, axes, (60, 14), BRAILLE), 10.0, BRAILLE)
    roles = {segment.role for row in rows for segment in row}
    assert {"axis", "curve", "mark", "future"} <= roles
    assert any("1e-5" in row for row in text(rows))
    assert "10" in text(rows)[-1]


@pytest.mark.parametrize("number", range(10))
def test_a_kept_curve_has_the_colour_of_its_number(number: int) -> None:
    curve, kept = (curve_of(series([0.0, 10.0], [loss, loss]), False) for loss in (0.1, 0.001))
    axes = LossAxes(False, (0.0, 10.0), (-4.0, 0.0))
    rows = draw_loss(curve, axes, (40, 14), BRAILLE, frozen={number: kept}).rows
    shown = {segment.role for row in rows for segment in row} & set(FROZEN)
    assert shown == {FROZEN[number % len(FROZEN)]}


def test_the_curve_is_at_the_height_of_its_label() -> None:
    curve = curve_of(series([0.0, 10.0], [0.01, 0.01]), False)
    axes = LossAxes(False, (0.0, 10.0), (-4.0, 0.0))
    rows = text(draw_loss(curve, axes, (40, 14), ASCII).rows)
    (line,) = [row for row in rows if "***" in row]
    assert line.startswith("0.01+")


@pytest.mark.parametrize("end", [10.0, 3e4])
def test_times_stand_in_the_middle_under_their_ticks(end: float) -> None:
    """But for those at the edges, which stay inside."""
    curve = curve_of(series([0.0, end], [1.0, 0.01]), False)
    axes = LossAxes(False, (0.0, end), (-4.0, 0.0))
    *_, line, labels = text(draw_loss(curve, axes, (60, 14), BRAILLE).rows)
    ticks = [at for at, c in enumerate(line) if c == BRAILLE.tick_below]
    told = list(re.finditer(r"\S+", labels))
    assert len(told) == len(ticks) >= 4
    for at, label in zip(ticks, told, strict=True):
        width = len(label.group())
        assert label.start() == min(at - width // 2, 60 - width)


@pytest.mark.parametrize("glyphs", [BRAILLE, BLOCK, ASCII])
@pytest.mark.parametrize("t", [3.0, 7.1, 7.2, 7.3, 9.9])
def test_now_stands_where_the_curve_ends(glyphs: Glyphs, t: float) -> None:
    axes = LossAxes(False, (0.0, 10.0), (-2.0, 0.0))
    picture = draw_loss(curve_of(series([0.0, t], [0.1, 0.1]), False), axes, (60, 14), glyphs)
    rows = with_cursor(picture, t, glyphs)
    mark = next(plain(row).index(glyphs.mark) for row in rows if glyphs.mark in plain(row))
    curve = next(row for row in rows if any(segment.role == "curve" for segment in row))
    assert mark == len(plain(curve).rstrip()) - 1


def test_losses_of_zero_and_below_are_left_out() -> None:
    curve = curve_of(series([0, 1, 2, 3], [1.0, 0.0, -1.0, 0.1]), False)
    assert curve.x.tolist() == [0.0, 3.0]
    assert curve.low.tolist() == pytest.approx([0.0, -1.0])


def test_a_loss_that_touched_zero_between_two_rows_is_drawn_at_its_other_end() -> None:
    rows = series([0, 1], [1.0, 0.5]) | {"loss_low": np.array([0.0, 0.25]), "loss_high": np.array([1.0, 0.5])}
    curve = curve_of(rows, False)
    assert curve.low.tolist() == pytest.approx([0.0, np.log10(0.25)])


def test_decimation_keeps_every_extreme_and_two_points_a_column() -> None:
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 1, 5000))
    low = rng.normal(size=5000)
    high = low + 0.1
    high[1234], low[4321] = 50.0, -50.0
    place, y = decimate(Curve(x, low, high), (0.0, 1.0), 80)
    assert place.size <= 160
    assert np.all(np.diff(place) >= 0)
    assert y.max() == 50.0
    assert y.min() == -50.0


def test_points_left_of_the_axis_leave_one_at_its_edge() -> None:
    curve = Curve(np.arange(10.0), np.arange(10.0), np.arange(10.0))
    place, y = decimate(curve, (4.5, 9.0), 100)
    assert place[0] == 0.0
    assert y[0] == 4.0
    assert y.max() == 9.0


def test_axes_stay_until_the_data_leave_them() -> None:
    first = fit_axes(None, curve_of(series([0, 10], [0.5, 0.2]), False), False)
    again = fit_axes(first, curve_of(series([0, 10.4], [0.5, 0.15]), False), False)
    grown = fit_axes(again, curve_of(series([0, 30], [0.5, 0.01]), False), False)
    assert again == first
    assert grown.time[1] >= 30
    assert grown.loss[0] <= -2
    assert fit_axes(grown, curve_of(series([1, 30], [0.5, 0.01]), True), True).time == (0.0, 2.0)


def test_log_time_reaches_back_eight_decades_at_most() -> None:
    axes = fit_axes(None, curve_of(series([1e-30, 1, 100], [1, 1, 1]), True), True)
    assert axes.time == (-6.0, 2.0)


@given(st.floats(1e-280, 1e280))
def test_round_up_is_round_and_not_below(value: float) -> None:
    rounded = round_up(value)
    assert value * (1 - 1e-9) <= rounded <= 1.34 * value


@given(st.floats(-300, 300), st.floats(0, 300), st.integers(1, 12))
def test_ticks_are_inside_and_few(low: float, span: float, most: int) -> None:
    for ticks in (linear_ticks((low, low + span), most), decade_ticks((low, low + span), most)):
        assert len(ticks) <= most + 1
        assert all(low - 1e-6 <= tick.at <= low + span + 1e-6 for tick in ticks)


def test_sticky_limits_move_in_nice_steps() -> None:
    assert sticky_time(None, 26.0) == (0.0, 30.0)
    assert sticky_time((0.0, 30.0), 29.9) == (0.0, 30.0)
    assert sticky_decades(None, -0.6, -0.3) == (-1.0, 0.0)
    assert sticky_decades(None, -2.0, -2.0) == (-3.0, -2.0)
    assert sticky_decades((-10.0, 0.0), -10.1, -0.3) == (-12.0, 0.0)
    assert sticky_decades((-15.0, -5.0), -14.0, 0.4) == (-15.0, 1.0)


@pytest.mark.parametrize(
    ("value", "label"),
    [(0.0, "0"), (12.5, "12.5"), (0.04, "0.04"), (3e-9, "3e-9"), (1.25e6, "1.25e6"), (-20.0, "-20")],
)
def test_labels_are_short(value: float, label: str) -> None:
    assert short(value) == label


def steps() -> dict[str, np.ndarray]:
    """A loss that rests at 1 until t = 3 and at 0.1 until t = 8."""
    t = np.linspace(0.0, 10.0, 400)
    return {"t": t, "loss": np.where(t < 3.0, 1.0, np.where(t < 8.0, 0.1, 1e-8))}


PLATEAUS = (Plateau(1, 0.0, 3.0, 3.0, 3.0, 1.0), Plateau(2, 3.0, 8.0, 8.0, 8.0, 0.1))


def test_only_what_lies_beyond_the_cursor_is_faint() -> None:
    curve = curve_of(steps(), False)
    axes = fit_axes(None, curve, False)
    picture = draw_loss(curve, axes, (60, 14), BRAILLE)
    for now in (0.0, 4.0, 10.0):
        rows = with_cursor(picture, now, BRAILLE)
        assert text(rows)[-1] == text(picture.rows)[-1]
        places = {"curve": [], "future": []}
        for row in rows:
            at = 0
            for segment in row:
                if segment.role in places:
                    places[segment.role] += [at + i for i, s in enumerate(segment.text) if s != " "]
                at += len(segment.text)
        column = next(plain(row).index(BRAILLE.mark) for row in rows if BRAILLE.mark in plain(row))
        assert abs(time_at(picture, column) - now) < 0.2
        assert max(places["curve"]) <= column
        assert min(places["future"], default=99) > column


def test_plateaus_are_named_above_the_curve_with_their_loss() -> None:
    curve = curve_of(steps(), False)
    rows = text(draw_loss(curve, fit_axes(None, curve, False), (60, 20), BRAILLE, plateaus=PLATEAUS).rows)
    first = next(i for i, row in enumerate(rows) if "S1" in row)
    second = next(i for i, row in enumerate(rows) if "S2 0.1" in row)
    assert rows[second + 1].lstrip().startswith("│┄ ┄")
    assert "⠒⠒⠒" in rows[second + 1]
    assert rows[first].index("S1") < rows[second].index("S2")


def test_a_floor_keeps_the_axis_about_the_plateaus() -> None:
    curve = curve_of(steps(), False)
    axes = fit_axes(None, curve, False, floor=0.1 / 30.0)
    assert axes.loss == (-3.0, 0.0)
    below = [row for row in text(draw_loss(curve, axes, (60, 14), ASCII).rows) if row.count("*") > 12]
    assert len(below) == 2, "the curve must not run along the bottom once it has left the panel"


def test_a_linear_axis_starts_at_zero() -> None:
    curve = curve_of(steps(), False, log_loss=False)
    assert fit_axes(None, curve, False, log_loss=False).loss == (0.0, 1.25)


def test_frozen_curves_are_dotted_and_lettered() -> None:
    curve = curve_of(series([0, 10], [1.0, 1.0]), False)
    other = curve_of(series([0, 5], [0.1, 0.1]), False)
    axes = fit_axes(None, curve, False, others=[other])
    rows = draw_loss(curve, axes, (60, 14), ASCII, frozen={0: other}).rows
    (row,) = [row for row in rows if any(segment.role == "frozen" for segment in row)]
    assert "a" in plain(row)
    assert "*" not in plain(row)
    assert plain(row).rstrip()[-1] in "a."


def test_the_axis_of_time_ends_where_it_is_told_to_but_never_before_the_curve_is_seen() -> None:
    curve = curve_of(series([0.0, 1.0, 10.0, 1000.0], [1.0, 0.5, 0.1, 1e-8]), False)
    axes = fit_axes(None, curve, False, until=10.0)
    assert axes.time == (0.0, 12.5)
    assert axes.loss == (-1.0, 0.0)
    assert time_limit(axes) == 12.5
    assert fit_axes(axes, curve, False, until=500.0).time[1] >= 500.0
    logarithmic = fit_axes(None, curve_of(series([0.1, 10.0, 1e6], [1, 1, 1]), True), True, until=10.0)
    assert time_limit(logarithmic) == pytest.approx(10.0)


def test_the_ground_under_a_plateau_is_shaded_and_its_stretch_of_the_axis_heavy() -> None:
    curve = curve_of(steps(), False)
    rows = draw_loss(curve, fit_axes(None, curve, False), (60, 20), ASCII, plateaus=PLATEAUS).rows
    shaded = [row for row in rows if any(segment.role == "shade" for segment in row)]
    assert len(shaded) > 5
    for row in shaded:
        assert all(not segment.text.strip() for segment in row if segment.role == "shade")
    axis = text(rows)[-2]
    # plateaus last from 0 to 3 and from 3 to 8 of 12.5 units of time
    assert 0.55 < axis.count(ASCII.heavy) / (len(axis) - axis.index("+")) < 0.7
    assert axis.rstrip().endswith("-")
    window = LossAxes(False, (0.3, 2.7), (-4.0, 0.0), whole=False)
    rows = draw_loss(curve, window, (60, 20), ASCII, plateaus=PLATEAUS[1:]).rows
    assert ASCII.heavy not in text(rows)[-2]


def test_predictions_have_lines_of_their_own_where_nothing_else_is() -> None:
    curve = curve_of(steps(), False)
    axes = fit_axes(None, curve, False)
    marks = (Landmark(4.0, 0.5, 1.0), Landmark(9.0, 0.02, 0.03))
    plain_rows = draw_loss(curve, axes, (60, 20), BRAILLE).rows
    rows = draw_loss(curve, axes, (60, 20), BRAILLE, theory=marks).rows
    at = [
        i
        for i, row in enumerate(rows)
        for part in row
        if part.role == "theory" and BRAILLE.theory in part.text
    ]
    assert at, "the level before the second escape is drawn"
    columns = {x for row in text(rows)[:-2] for x, sign in enumerate(row) if sign == BRAILLE.theory_time}
    assert len(columns) == 2
    level = [x for x, sign in enumerate(text(rows)[at[-1]]) if sign == BRAILLE.theory]
    assert min(columns) < level[0] <= level[-1] < max(columns)
    for column, mark in zip(sorted(columns), marks, strict=True):
        picture = draw_loss(curve, axes, (60, 20), BRAILLE)
        assert time_at(picture, column) == pytest.approx(mark.time, abs=0.15)
    for before, after in zip(text(plain_rows), text(rows), strict=True):
        assert all(a == b for a, b in zip(before, after, strict=True) if a != " "), "a curve is never covered"


def test_a_forecast_stands_at_its_time_until_the_axis_ends() -> None:
    curve = curve_of(steps(), False)
    picture = draw_loss(curve, fit_axes(None, curve, False), (60, 14), BRAILLE, plateaus=PLATEAUS)
    rows = with_cursor(picture, 1.0, BRAILLE, forecast=6.0)
    columns = {text(rows)[y].index(BRAILLE.forecast) for y in range(12) if BRAILLE.forecast in text(rows)[y]}
    (column,) = columns
    before, after = ([row[column] for row in text(each)] for each in (picture.rows, rows))
    assert after == [BRAILLE.forecast if sign == " " and y < 12 else sign for y, sign in enumerate(before)]
    assert time_at(picture, column) == pytest.approx(6.0, abs=0.15)
    assert text(with_cursor(picture, 1.0, BRAILLE, forecast=99.0)) == text(with_cursor(picture, 1.0, BRAILLE))


def test_time_in_other_units_moves_the_labels_and_nothing_else() -> None:
    unit = 2.5
    curve, scaled = curve_of(steps(), False), curve_of(steps(), False, unit=unit)
    axes = LossAxes(False, (0.0, 12.5), (-9.0, 0.0))
    other = fit_axes(None, scaled, False, unit=unit, until=11.9)
    assert (other.unit, other.time) == (unit, (0.0, 5.0))
    assert time_limit(other) == 12.5
    one = draw_loss(curve, axes, (60, 14), BRAILLE, plateaus=PLATEAUS)
    two = draw_loss(
        scaled, LossAxes(False, (0.0, 5.0), (-9.0, 0.0), unit=unit), (60, 14), BRAILLE, plateaus=PLATEAUS
    )
    assert text(one.rows)[:-2] == text(two.rows)[:-2]
    assert time_at(two, 30) == pytest.approx(time_at(one, 30))
    assert text(with_cursor(one, 7.0, BRAILLE))[:-2] == text(with_cursor(two, 7.0, BRAILLE))[:-2]


def test_the_axis_reaches_to_what_is_foreseen() -> None:
    curve = curve_of(series([0.0, 1.0], [1.0, 1.0]), False)
    assert fit_axes(None, curve, False).time == (0.0, 1.25)
    assert fit_axes(None, curve, False, reach=3.0).time == (0.0, 3.5)


def test_other_curves_of_the_run_carry_their_letters_at_their_ends() -> None:
    t = np.linspace(0.0, 10.0, 50)
    curve, above = (curve_of({"t": t, "loss": np.full(50, level)}, False) for level in (1e-4, 1e-2))
    axes = fit_axes(None, curve, False, others=[above])
    rows = draw_loss(curve, axes, (60, 14), BRAILLE, beside={"O": above}).rows
    letter = next((x, y) for x, y, text in pieces(rows, BESIDE["O"]) for c in text if c == "O")
    line = next(y for _, y, _ in pieces(rows, "curve"))
    assert letter[1] < line
    dots = [text for _, y, text in pieces(rows, BESIDE["O"]) if y == letter[1]]
    assert sum(map(len, dots)) > 30


def test_another_column_is_drawn_at_its_own_values() -> None:
    """What the loss goes through between two rows says nothing of the objective beside it."""
    t, low, high = np.arange(1.0, 5.0), np.full(4, 1e-9), np.full(4, 1e-7)
    recorded = {"t": t, "loss": low, "loss_low": low, "loss_high": high, "objective": np.full(4, 0.01)}
    curve = curve_of(recorded, log_time=False, column="objective")
    assert curve.low.tolist() == curve.high.tolist() == [-2.0] * 4


@pytest.mark.parametrize(("count", "grow"), [(1, "1 neuron grows"), (2, "2 neurons grow")])
def test_the_key_of_the_theory_has_the_next_escape_in_numbers_as_far_as_they_fit(count, grow):
    marks = Landmarks("orthogonal inputs", (Landmark(1.0, 0.1, 0.5),))
    ahead = SimpleNamespace(time=12.34567, rate=0.25, neurons=np.arange(count))
    key = " ~| theory", " > next escape t = 12.35", f", {grow} at 0.25", " (orthogonal inputs)"
    glyphs = SimpleNamespace(theory="~", theory_time="|", forecast=">")
    for width in range(80):
        fitting, room = "", width
        for part in key:
            fitting, room = (fitting + part, room - len(part)) if len(part) <= room else (fitting, room)
        assert "".join(map(plain, theory_key(marks, ahead, glyphs, width))) == fitting
    assert theory_key(Landmarks(""), None, glyphs, 80) == theory_key(None, None, glyphs, 80) == []
