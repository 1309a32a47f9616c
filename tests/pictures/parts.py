"""What pictures are made of: numbers, cells, canvas and charts."""

from collections.abc import Iterator

import numpy as np

from pictures.text import Picture, digits, group, told
from reluflow.plot.axes import decade_ticks, linear_ticks, round_up, short, sticky_decades, sticky_time
from reluflow.plot.canvas import Trace, draw
from reluflow.plot.cells import Row, Segment, fit, joined, listed, put, wrap
from reluflow.plot.glyphs import BRAILLE
from reluflow.plot.table import growth_text, norm_text
from reluflow.plot.views.chart import (
    Axis,
    Chart,
    decade_limits,
    legend,
    round_limits,
    sentence,
    stacked,
    tame,
)


@group
def numbers() -> Iterator[Picture]:
    values = [
        0.0,
        1.0,
        -1.0,
        12.5,
        0.04,
        0.01,
        0.0099,
        3e-9,
        1.25e6,
        99999.0,
        1e5,
        123456.0,
        -0.123456789,
        1e-300,
        2.5e100,
    ]
    yield told("short", {f"{value!r}": (short(value), short(value, 8)) for value in values})
    yield told(
        "norm",
        {
            f"{log!r}": norm_text(log)
            for log in (-np.inf, np.inf, np.nan, 0.0, -5.87, -0.0001, 2.99999, -400.3, 12.5)
        },
    )
    yield told(
        "growth",
        {
            f"{rate!r}": growth_text(rate)
            for rate in (0.0, -0.0, np.nan, 0.356, -1.2e-5, 1e-3, 9.99e-4, 9999.0, 1e4, -12.0)
        },
    )
    yield told(
        "round up",
        {
            f"{value!r}": digits(round_up(value))
            for value in (
                1.0,
                1.1,
                1.26,
                1.6,
                1.9,
                2.2,
                2.7,
                3.2,
                3.7,
                4.5,
                5.5,
                6.5,
                7.5,
                9.0,
                3.3e-7,
                4.1e12,
            )
        },
    )
    yield told(
        "sticky time",
        {
            f"{before} {last!r}": digits(sticky_time(before, last))
            for before in (None, (0.0, 5.0))
            for last in (0.0, 4.9, 5.0, 5.1, 1e-295, 1e295)
        },
    )
    yield told(
        "sticky decades",
        {
            f"{before} {low} {high}": sticky_decades(before, low, high)
            for before in (None, (-3.0, 0.0), (-40.0, 0.0))
            for low, high in (
                (-0.5, -0.4),
                (-3.0, 0.0),
                (-3.1, 0.2),
                (-7.2, -1.0),
                (-61.0, 3.3),
                (-250.0, 0.0),
            )
        },
    )
    yield told(
        "linear ticks",
        {
            f"{limits} {most}": " ".join(tick.label for tick in linear_ticks(limits, most))
            for limits in (
                (0.0, 1.0),
                (0.0, 6e4),
                (-3.2, 7.9),
                (1000.001, 1000.004),
                (1e-9, 3e-9),
                (2.0, 2.0),
                (0.0, 1.2e300),
                (0.0, 1e305),
                (0.0, 1e-295),
                (5.0, 4.0),
            )
            for most in (0, 1, 3, 5, 9)
        },
    )
    yield told(
        "decade ticks",
        {
            f"{limits} {most}": " ".join(f"{tick.label}@{tick.at:.4g}" for tick in decade_ticks(limits, most))
            for limits in (
                (-1.0, 0.0),
                (-2.0, 0.0),
                (-3.0, 1.0),
                (-0.3, 0.2),
                (-0.9, 0.0),
                (-7.0, 0.0),
                (-45.0, 2.0),
                (-320.0, 0.0),
                (-800.0, 0.0),
                (-4000.0, 0.0),
                (-310.3, -309.9),
                (1.0, 1.0),
            )
            for most in (0, 1, 3, 6, 12)
        },
    )
    yield told(
        "limits",
        {
            f"{values}": (
                digits(round_limits(np.array(values))),
                digits(decade_limits(np.array(values))),
                digits(decade_limits(np.array(values), 3.0)),
            )
            for values in (
                [],
                [0.0],
                [3.7],
                [-1.2, 4.9],
                [1e9, 1e9 + 1.0],
                [-7.3, -0.2],
                [1e-290],
                [2.0, 3.0],
            )
        },
    )
    yield told(
        "decades of none",
        {"-inf": decade_limits(np.array([-np.inf, -3.4, -9.8])), "only": decade_limits(np.array([-np.inf]))},
    )
    yield told(
        "tame",
        {
            "": tame(np.array([np.nan, np.inf, -np.inf, 1e295, 2.0])).tolist(),
            "as it is": tame(np.array([1.0, -1e290])).tolist(),
        },
    )


@group
def canvas() -> Iterator[Picture]:
    x = np.linspace(0.0, 1.0, 37)
    wave = 0.5 + 0.63 * np.sin(7.3 * x)
    for marker in ("braille", "hd", "*"):
        yield (
            f"a line of {marker}",
            draw(
                36, 7, [Trace(x, wave, "curve", marker, line=True), Trace(x[::6], 1.0 - x[::6], "ray", "o")]
            ),
        )
        yield (
            f"cut, of {marker}",
            draw(36, 5, [Trace(x, 1.7 * wave - 0.2, "curve", marker, line=True, cut=True)]),
        )
        yield f"dots of {marker}", draw(20, 4, [Trace(x, wave, "positive", marker)])
    holes = np.where(np.arange(37) % 9 == 4, np.nan, wave)
    yield (
        "holes and infinity",
        draw(
            20,
            4,
            [
                Trace(x, holes, "curve", "braille", line=True),
                Trace(np.array([np.inf]), np.ones(1), "ray", "x"),
            ],
        ),
    )
    yield "one row", draw(20, 1, [Trace(x, wave, "curve", "braille", line=True)])
    yield "one column", draw(1, 3, [Trace(x, wave, "curve", "hd")])
    yield "nothing", draw(4, 2, [])
    yield "no width", draw(0, 2, [])
    yield "no height", draw(4, 0, [])


@group
def cells() -> Iterator[Picture]:
    row: Row = [
        Segment("the head", "strong"),
        Segment(" of a row of", "dim"),
        Segment(" words  that goes on", "text"),
    ]
    for width in (0, 1, 5, 8, 9, 30, 50):
        yield f"fit {width}", [fit(row, width)]
    for width, indent in ((12, 3), (20, 0), (9, 4), (60, 2), (4, 4), (21, 20)):
        yield f"wrap {width}, {indent}", wrap(row, width, indent)
    yield "wrap without blanks", wrap([Segment("abcdefghijklmn", "key")], 5, 1)
    yield "wrap with blanks at the end", wrap([Segment("abcde      ", "key")], 5, 1)
    entries: list[Row] = [
        [Segment(f"{letter} {'x' * size}", "frozen")] for letter, size in (("a", 12), ("b", 5), ("c", 9))
    ]
    yield (
        "list on 8 to 48",
        [listed([Segment(" kept: ", "dim")], entries, width, "…") for width in range(8, 49)],
    )
    yield "list of one", [listed([], entries[:1], 8, "~")]
    yield "list of none", [listed([Segment("none", "dim")], [], 8, "~")]
    for column, text in (
        (0, "AB"),
        (3, "AB"),
        (7, "CD"),
        (8, "CD"),
        (-1, "EFG"),
        (38, "XYZ"),
        (60, "Q"),
        (-5, "Q"),
        (2, ""),
        (6, "across the parts"),
    ):
        yield f"put {text!r} at {column}", [put(row, column, text, "cursor")]
    yield (
        "joined",
        [joined([Segment("a", "key"), Segment("b", "key"), Segment("c", "dim"), Segment("d", "key")])],
    )
    yield (
        "legend",
        [
            legend([("one", "key"), ("something long", "dim"), ("two", "key")], width)
            for width in (40, 12, 8, 3, 2)
        ],
    )
    yield "stacked", stacked([[row, row], [row]], 11, 4)
    yield "stacked and cut", stacked([[row, row], [row]], 11, 2)
    yield "sentence", sentence("a sentence that is longer than a row", 14, 4)


@group
def charts() -> Iterator[Picture]:
    for kind, x, y in (
        ("linear", (-3.0, 7.0), (0.0, 1.0)),
        ("log", (-5.0, 1.0), (-2.0, 3.0)),
        ("whole", (0.5, 4.5), (0.5, 9.5)),
    ):
        for width, height in ((60, 12), (24, 7), (11, 5), (7, 4)):
            chart = Chart(width, height, Axis(x, kind), Axis(y, kind), BRAILLE)
            across, up = np.linspace(*x, 9), np.linspace(*y, 9)
            traces = [
                chart.level(0.25 * y[0] + 0.75 * y[1]),
                chart.level(y[1] + 1.0),
                chart.upright(x[0] + 0.7 * (x[1] - x[0])),
                chart.line(across, up[::-1]),
                chart.marks(across + 0.4, up, "ray", "x"),
            ]
            rows = chart.rows(traces)
            chart.put(rows, x[0], y[1], "@", "cursor")
            chart.put(rows, x[1] + 1.0, y[0], "?", "error")
            yield f"{kind}, {width} x {height}", rows
    empty = Chart(20, 6, Axis((2.0, 2.0)), Axis((0.0, 1e305)), BRAILLE)
    yield "no ticks", empty.rows([])
    close = Chart(30, 7, Axis((1000.001, 1000.004)), Axis((-1.0, 1.0)), BRAILLE)
    yield "labels without room", close.rows([])
    far = Chart(39, 5, Axis((1000.0005, 1000.0045)), Axis((-1.0, 1.0)), BRAILLE)
    yield "labels with just enough room", far.rows([])
