"""Pictures of the loss, the band below it, and the parts of a run in words."""

from collections.abc import Iterator

import numpy as np

from pictures.runs import course, falls, forecast_at, happenings, plane
from pictures.text import Picture, digits, group, told
from reluflow.network import Array
from reluflow.plot.axes import Tick, linear_ticks
from reluflow.plot.band import band_row, cell_at, ticks_row, with_band_cursor
from reluflow.plot.cells import Row
from reluflow.plot.event_words import events_text
from reluflow.plot.glyphs import ASCII, BLOCK, BRAILLE, Glyphs
from reluflow.plot.loss_curve import Curve, LossAxes, curve_of, fit_axes, time_limit
from reluflow.plot.loss_marks import theory_key, with_cursor
from reluflow.plot.loss_picture import draw_loss
from reluflow.plot.loss_place import loss_at, time_at
from reluflow.plot.loss_window import Window, refined
from reluflow.plot.phases import Plateau, focus_of, next_time, place_of, plateaus_of
from reluflow.theory.landmarks import Landmark, Landmarks

ESCAPES = (Landmark(9.1, 0.4, 0.88), Landmark(28.4, 0.05, 0.19), Landmark(47.7, 1e-4, 0.024))


def loss_of(
    size: tuple[int, int],
    log_time: bool,
    log_loss: bool = True,
    glyphs: Glyphs = BRAILLE,
    window: Window | None = None,
    now: float = 31.4,
    forecast: float | None = None,
    unit: float = 1.0,
    until: float | None = None,
    reach: float = 0.0,
    **drawn,
) -> list[Row]:
    """The loss of ``falls`` as the panel of the app draws it."""
    series = falls()
    curve = curve_of(series, log_time, log_loss, unit)
    others = {
        number: curve_of(
            {**series, "t": series["t"] * share, "loss": series["loss"] * rest}, log_time, log_loss, unit
        )
        for number, (share, rest) in drawn.pop("others", {}).items()
    }
    beside = {
        letter: curve_of({"t": series["t"], "loss": rest + series["loss"]}, log_time, log_loss, unit)
        for letter, rest in drawn.pop("beside", {}).items()
    }
    curves = [*others.values(), *beside.values()]
    axes = fit_axes(
        None,
        curve,
        log_time,
        log_loss=log_loss,
        floor=1e-5,
        until=until,
        reach=reach,
        unit=unit,
        others=curves,
    )
    shown = (window or Window()).within(axes, [curve, *curves])
    picture = draw_loss(curve, shown, size, glyphs, frozen=others, beside=beside, **drawn)
    return with_cursor(picture, now, glyphs, forecast)


@group
def loss() -> Iterator[Picture]:
    plateaus = plateaus_of(falls(), True)
    every = {"plateaus": plateaus, "theory": ESCAPES}
    yield "plateaus, theory, forecast", loss_of((76, 19), False, forecast=44.4, **every)
    yield "log time", loss_of((76, 15), True, forecast=44.4, **every)
    yield "linear loss", loss_of((60, 14), False, False, **every)
    yield "linear loss, log time", loss_of((60, 12), True, False, **every)
    yield "narrow", loss_of((31, 9), False, forecast=44.4, **every)
    yield (
        "blocks, until soon after the second escape",
        loss_of((52, 11), False, glyphs=BLOCK, until=37.0, **every),
    )
    yield "ASCII", loss_of((52, 13), False, glyphs=ASCII, forecast=44.4, others={0: (0.8, 0.7)}, **every)
    yield "ASCII, log time", loss_of((52, 11), True, glyphs=ASCII, **every)
    yield "too small for axes", loss_of((9, 3), False, **every)
    yield "just large enough for axes", loss_of((9, 4), False, **every)
    yield "narrow, log time", loss_of((15, 6), True, **every)
    yield "no row", loss_of((9, 0), False, **every)
    yield "no column", loss_of((0, 2), False, **every)
    yield (
        "kept runs and others beside",
        loss_of(
            (70, 15), False, others={0: (0.8, 1.0), 7: (1.3, 2.0)}, beside={"H": 0.08, "O": 0.3}, now=12.0
        ),
    )
    yield "in units of ln(1/scale)", loss_of((50, 9), False, unit=13.8, **every)
    yield "before all that log time shows", loss_of((50, 9), True, now=0.0, **every)
    yield "a forecast beyond the axis", loss_of((50, 9), False, forecast=71.0, **every)
    yield "reaching to a time", loss_of((50, 9), False, reach=133.0, **every)
    yield "reaching to a time, log", loss_of((50, 9), True, reach=133.0, **every)
    yield "until a time, log", loss_of((50, 9), True, until=9.4, now=4.4, **every)
    yield "until a time, scaled", loss_of((50, 9), False, until=30.2, unit=13.7, **every)
    yield "an other in one column", loss_of((50, 9), False, others={4: (1e-9, 0.5)}, **every)
    yield "an other below the axis", loss_of((50, 9), False, others={2: (0.0, 1.0)}, **every)
    many = {"t": np.logspace(-11.3, 2.1, 40), "loss": np.linspace(1.0, 0.02, 40)}
    curve = curve_of(many, True)
    yield "thirteen decades of time", draw_loss(curve, fit_axes(None, curve, True), (60, 8), BRAILLE).rows
    axes = fit_axes(None, curve, True, decades=3.0)
    yield "three of them", draw_loss(curve, axes, (60, 8), BRAILLE, plateaus=plateaus).rows


@group
def loss_windows() -> Iterator[Picture]:
    every = {"plateaus": plateaus_of(falls(), True), "theory": ESCAPES}
    some = {**every, "others": {1: (0.9, 1.3)}, "beside": {"H": 0.02}}
    yield "times", loss_of((64, 14), False, window=Window((21.3, 33.9)), forecast=29.7, **every)
    yield "times, with others", loss_of((64, 14), False, window=Window((21.3, 33.9)), **some)
    yield "losses", loss_of((64, 12), False, window=Window(None, (0.013, 0.47)), **some)
    yield (
        "times and losses, linear",
        loss_of((64, 12), False, False, window=Window((4.1, 29.3), (0.1, 0.6)), **every),
    )
    yield "log time", loss_of((64, 12), True, window=Window((5.3, 19.8)), now=3.0, **every)
    yield "a plateau alone", loss_of((64, 9), False, window=Window((13.1, 21.2)), now=40.0, **every)
    yield "from time 0 on a log axis", loss_of((64, 9), True, window=Window((0.0, 9.0)), now=0.0, **every)
    yield "blocks", loss_of((40, 9), False, glyphs=BLOCK, window=Window((21.3, 33.9)), **some)
    yield "others outside", loss_of((43, 9), False, window=Window(None, (0.29, 0.51)), **some)
    yield "before an other begins", loss_of((40, 9), False, window=Window((2.0, 8.0)), others={3: (0.1, 1.0)})
    yield "between two rows", loss_of((40, 9), False, window=Window((21.31, 21.44)), now=21.4, **every)
    yield "labels without room", loss_of((35, 9), False, window=Window((21.3001, 21.3004)), **every)
    yield "before the run", loss_of((40, 9), True, window=Window((1e-5, 1e-3)), **every)
    yield "beyond the run", loss_of((40, 9), False, window=Window((64.0, 69.0)), **every)
    empty = Curve(*np.zeros((3, 0)))
    axes = Window((1.0, 3.0)).within(LossAxes(False, (0.0, 9.0), (-3.0, 0.0)), [empty])
    yield "nothing", draw_loss(empty, axes, (40, 7), BRAILLE).rows
    huge = curve_of({"t": np.arange(4.0), "loss": np.array([1e307, 1e306, 1e3, 1.0])}, False, log_loss=False)
    axes = Window((0.0, 2.0)).within(fit_axes(None, huge, False, log_loss=False), [huge])
    yield "losses that are too large", draw_loss(huge, axes, (40, 7), BRAILLE).rows
    flat = curve_of({"t": np.arange(4.0), "loss": 0.3 + 1e-10 * np.arange(4.0)}, False, log_loss=False)
    axes = Window((0.0, 2.0)).within(fit_axes(None, flat, False, log_loss=False), [flat])
    yield "an even loss", draw_loss(flat, axes, (40, 7), BRAILLE).rows


@group
def loss_places() -> Iterator[Picture]:
    series = falls()
    for log_time, log_loss in ((False, True), (True, True), (False, False)):
        curve = curve_of(series, log_time, log_loss)
        axes = fit_axes(None, curve, log_time, log_loss=log_loss, floor=1e-5)
        picture = draw_loss(curve, axes, (60, 14), BRAILLE)
        shown = Window((4.3, 22.0), (0.03, 0.6)).within(axes, [curve])
        window = Window((4.3, 22.0))
        moves = {
            "axes": digits((axes.time, axes.loss)),
            "time limit": digits(time_limit(axes)),
            "times of columns": digits([time_at(picture, column) for column in (0, 9, 33, 59, 80)]),
            "losses of rows": digits([loss_at(picture, row) for row in (0, 3, 7, 11, 20)]),
            "window": digits((shown.time, shown.loss, shown.whole)),
        }
        for name, changed in {
            "narrower about a fifth": window.zoomed(shown, axes, "time", 0.5, 0.2),
            "wider": window.zoomed(shown, axes, "time", 2.0),
            "much wider": window.zoomed(shown, axes, "time", 1e3),
            "far too narrow": window.zoomed(shown, axes, "time", 1e-12),
            "narrower loss": window.zoomed(shown, axes, "loss", 0.5),
            "wider loss": window.zoomed(shown, axes, "loss", 4.0, 1.0),
            "later": window.moved(shown, axes, "time", 0.25),
            "earlier": window.moved(shown, axes, "time", -0.25),
            "to the end": window.moved(shown, axes, "time", 1e3),
            "to the start": window.moved(shown, axes, "time", -1e3),
            "higher": window.moved(shown, axes, "loss", 0.1),
            "lower": window.moved(shown, axes, "loss", -0.1),
        }.items():
            moves[name] = digits((changed.time, changed.loss, changed.is_whole))
        yield told(f"log time {log_time}, log loss {log_loss}", moves)
    yield (
        "no curve",
        draw_loss(
            Curve(*np.zeros((3, 0))), fit_axes(None, Curve(*np.zeros((3, 0))), True), (40, 7), BRAILLE
        ).rows,
    )
    yield "one row", loss_rows({"t": np.array([0.0]), "loss": np.array([0.3])})
    odd = {
        "t": np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        "loss": np.array([2.0, np.nan, 0.7, 0.0, np.inf, 0.1]),
    }
    yield "not all finite", loss_rows(odd)
    yield "the size of the gradient", loss_rows(series, column="gradient_norm")
    yield "begun at 100", loss_rows(series, begun=100.0)
    yield (
        "steep and far below the floor",
        loss_rows({"t": np.arange(5.0), "loss": 10.0 ** -np.array([0, 1, 9, 30, 60.0])}, floor=1e-4),
    )
    better = refined(series, np.array([24.0, 26.0, 28.0]), np.array([0.3, 0.25, 0.05]))
    yield told("refined", {name: digits(values[95:107].tolist()) for name, values in better.items()})
    late = curve_of(series, True)
    curve, other = curve_of(series, False), curve_of({"t": series["t"], "loss": 30.0 * series["loss"]}, False)
    before = fit_axes(None, other, False)
    axes = {
        "none before": fit_axes(None, curve, False),
        "higher ones before": fit_axes(before, curve, False),
        "of another kind before": fit_axes(before, late, True),
        "linear before": fit_axes(fit_axes(None, other, False, log_loss=False), curve, False, log_loss=False),
        "log time before": fit_axes(
            fit_axes(None, curve_of(series, True), True), curve_of(series, True), True
        ),
        "nothing after": fit_axes(before, Curve(*np.zeros((3, 0))), False),
        "a floor above": fit_axes(None, curve, False, floor=3.0),
        "no floor": fit_axes(None, curve, False, floor=0.0),
        "until 0": fit_axes(None, curve, False, until=0.0),
        "half a decade": fit_axes(None, late, True, decades=0.5),
    }
    yield told("axes", {name: digits((each.time, each.loss)) for name, each in axes.items()})


def loss_rows(series: dict[str, Array], floor: float | None = None, **options) -> list[Row]:
    curve = curve_of(series, False, **options)
    return draw_loss(curve, fit_axes(None, curve, False, floor=floor), (46, 9), BRAILLE).rows


@group
def theory_keys() -> Iterator[Picture]:
    known = Landmarks("orthogonal inputs", ESCAPES)
    for width in (90, 60, 33, 12, 3):
        yield f"{width} cells", theory_key(known, forecast_at(44.43219, 3), BRAILLE, width)
    yield "one neuron", theory_key(None, forecast_at(1.5e-7, 1), ASCII, 80)
    yield "no forecast", theory_key(known, None, BRAILLE, 80)
    yield "nothing", theory_key(Landmarks("orthogonal inputs"), None, BRAILLE, 80)


@group
def band() -> Iterator[Picture]:
    series = falls()
    history = course(plane(), series)
    for plateaus, name in (
        (plateaus_of(series, True), "three"),
        (plateaus_of({k: v[:130] for k, v in series.items()}, False), "a part"),
        ((), "no"),
    ):
        for width, glyphs in ((72, BRAILLE), (30, BLOCK), (48, ASCII), (7, BRAILLE)):
            rows = band_row(plateaus, history.event_times, lambda share: 60.0 * share, width, glyphs)
            marked = with_band_cursor(rows, 0.337, glyphs)
            ticks = ticks_row(linear_ticks((0.0, 60.0), 6), lambda t: t / 60.0, width)
            yield f"{name} plateaus, {width} cells of {glyphs.name}", [marked, ticks]
    yield (
        "no events, log time",
        [band_row(plateaus_of(series, True), np.zeros(0), lambda share: 60.0**share - 1.0, 60, BRAILLE)],
    )
    yield "labels at the edges", [ticks_row([Tick(0.0, "begin"), Tick(1.0, "end")], lambda t: t, 20)]
    short_ones = [
        Plateau(1, 0.0, 0.4, 0.6, 0.9, 1.0),
        Plateau(2, 0.9, 31.0, 31.2, 31.3, 0.5),
        Plateau(3, 40.0, 59.9, 60.0, None, 0.1),
        Plateau(4, 33.0, 35.0, None, None, 0.1),
    ]
    yield (
        "escapes in the first cell, between cells and at the end",
        [band_row(short_ones, np.array([0.0, 60.0]), lambda share: 60.0 * share, 40, BRAILLE)],
    )
    yield told(
        "cells",
        {
            f"{share} of {width}": cell_at(share, width)
            for share in (-1.0, 0.0, 0.5, 0.99, 1.0, 2.0)
            for width in (1, 9)
        },
    )


@group
def phases() -> Iterator[Picture]:
    series = falls()
    plateaus = plateaus_of(series, True)
    rising = {**series, "loss": series["loss"][::-1]}
    sudden = {"t": np.array([0.0, 20.0, 20.1, 50.0, 50.1]), "loss": np.array([1.0, 1.0, 0.1, 0.1, 1e-12])}
    for each in (
        plateaus,
        plateaus_of(rising, True),
        plateaus_of(sudden, True),
        plateaus_of({k: v[:130] for k, v in series.items()}, False),
        plateaus_of({k: v[:3] for k, v in series.items()}, False),
    ):
        yield told(
            f"{len(each)} plateaus",
            {
                "all": [digits((p.name, p.begin, p.leave, p.escape, p.arrive, p.loss)) for p in each],
                "places": [place_of(each, t) for t in (0.0, 7.2, 9.0, 15.0, 26.5, 40.0, 45.2, 59.0)],
                "focus": digits([focus_of(each, end) for end in (20.0, 60.0, 1e3)]),
                "next": [
                    digits([next_time(each, t, kind) for t in (-1.0, 0.0, 10.0, 26.0, 50.0)])
                    for kind in ("plateau", "escape")
                ],
                "before": [
                    digits([next_time(each, t, kind, forward=False) for t in (0.0, 10.0, 26.0, 50.0)])
                    for kind in ("plateau", "escape")
                ],
            },
        )
    at = plateaus[1].begin
    yield told(
        "at a beginning",
        {
            "next": digits(next_time(plateaus, at * (1.0 - 1e-12), "plateau")),
            "before": digits(next_time(plateaus, at * (1.0 + 1e-12), "plateau", forward=False)),
        },
    )
    log = happenings()
    yield told(
        "events",
        {
            str(rows): events_text(log.take(rows))
            for rows in [slice(0, 0), *(slice(i, i + 1) for i in range(9)), slice(1, 3), slice(0, 9)]
        },
    )
