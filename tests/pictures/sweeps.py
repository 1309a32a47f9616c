"""Pictures of many runs, and of points that are edited."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pictures.runs import line, plane, space, start_of, waves
from pictures.text import Picture, digits, group, told
from reluflow.plot.glyphs import ASCII, BLOCK, BRAILLE
from reluflow.plot.points import PointsPicture
from reluflow.plot.points import Window as Ground
from reluflow.plot.range_picture import Part, RangeDrawing, RangePicture
from reluflow.plot.sweep import Curve as Medians
from reluflow.plot.sweep import curve_rows, map_rows
from reluflow.plot.sweep_map import MapPicture, map_view
from reluflow.problem import Problem


@group
def points() -> Iterator[Picture]:
    flat, two = line(), plane()
    values = np.column_stack([flat.inputs[:, 0], flat.targets])
    ground = Ground.around(values)
    picture = PointsPicture(values, ground, 60, 15, BRAILLE)
    yield "one coordinate", picture.rows(1, start_of(flat), flat)
    yield "one coordinate, no network", PointsPicture(values, ground, 40, 9, ASCII).rows(0, None, None)
    yield "another problem", PointsPicture(values, ground, 40, 9, BRAILLE).rows(0, start_of(space()), space())
    spread = np.column_stack([two.inputs, [0.8, -0.6, 0.0, 0.35]])
    over = PointsPicture(spread, Ground.around(spread[:, :2]), 50, 17, BRAILLE)
    for chosen in (0, 1, 2):
        yield f"two coordinates, {chosen} chosen", over.rows(chosen, start_of(two), two)
    wide = Problem(
        two.inputs, two.targets, np.tile(two.weights, (23, 1)), np.tile(two.output_weights / 23.0, 23)
    )
    yield "many neurons", over.rows(3, start_of(wide), wide)
    yield (
        "blocks",
        PointsPicture(spread, Ground.around(spread[:, :2]), 30, 9, BLOCK).rows(3, start_of(two), two),
    )
    places = [(5, 3), (9, 11), (30, 8), (59, 0), (0, 14), (-3, 99)]
    yield told(
        "cells",
        {
            "nearest": [picture.nearest(*place) for place in places],
            "nearest to points": [
                [picture.nearest(x + by, y) for by in (0, 1, 2)]
                for x, y in (picture.chart.cell(*pair) for pair in values)
            ],
            "places": digits([picture.place(*place) for place in places]),
            "places in the plane": digits([over.place(*place) for place in places]),
            "moved": digits([picture.moved(2, *by) for by in ((1, 0), (0, 1), (-3, 2), (0, 0), (50, 0))]),
            "moved in the plane": digits([over.moved(0, *by) for by in ((1, 0), (0, 1), (-3, 2))]),
        },
    )
    far = np.vstack([values, [40.0, 3.0]])
    yield told(
        "windows",
        {
            "around": digits((ground.across, ground.up)),
            "around one": digits((lambda one: (one.across, one.up))(Ground.around(np.array([[3.0, 0.0]])))),
            "kept": ground.with_room_for(0.9 * values) == ground,
            "grown": digits(ground.with_room_for(far).across),
            "shrunk": digits(Ground.around(far).with_room_for(values).across),
            "not yet": digits(Ground((-9.0, 9.0), (-1.5, 1.5)).with_room_for(values).across),
        },
    )


@group
def sweeps() -> Iterator[Picture]:
    x = np.array([1e-2, 1e-4, 1e-5, 1e-7, 1e-8])
    y = np.array([5.1, 9.9, np.nan, 19.2, 21.7])
    medians = Medians(
        x,
        y,
        y - 1.3,
        y + np.array([2.1, 1.1, 0.0, np.nan, 3.0]),
        "median of escape:1, over init.scale",
        4.0 - 2.2 * np.log10(x) / 2.0,
        "first escape",
    )
    yield "log x", curve_rows(medians, 70, 15, BRAILLE, 3)
    yield "cursor without a value", curve_rows(medians, 50, 9, ASCII, 2)
    plain_x = replace(medians, x=np.arange(5.0), theory=None)
    yield "linear, no theory", curve_rows(plain_x, 46, 9, BLOCK)
    yield (
        "log y",
        curve_rows(replace(plain_x, y=10.0**y, low=10.0 ** (y - 1), high=10.0 ** (y + 1)), 46, 9, BRAILLE),
    )
    yield (
        "all the same",
        curve_rows(
            Medians(np.arange(3.0), *np.full((3, 3), 0.25) * np.array([1.0, 1.0, 1.0 + 1e-7]), "loss"),
            46,
            7,
            BRAILLE,
        ),
    )
    yield "all zero", curve_rows(Medians(np.arange(3.0), *np.zeros((3, 3)), "loss"), 46, 7, BRAILLE)
    yield (
        "no numbers",
        curve_rows(
            Medians(np.arange(3.0), *np.full((3, 3), np.nan), "median of loss, over x"), 46, 7, BRAILLE
        ),
    )
    values = np.abs(waves(3, 7)) + 0.01
    values[1, 2] = np.nan
    words, lines = [f"1e-{i}" for i in range(2, 9)], ["8", "16", "32"]
    names = ("init.scale", "network.width", "escape:1")
    yield "a map", map_rows(values, words, lines, names, 70, BRAILLE)
    yield "a narrow map", map_rows(values[:, :], words, lines, names, 11, ASCII)
    yield "a map of one value", map_rows(np.full((1, 2), 3.0), ["a", "b"], ["y"], names, 40, BRAILLE)
    yield "a map of texts", map_rows(values, [f"orthogonal-{i}" for i in range(7)], lines, names, 60, BRAILLE)
    yield "an even map", map_rows(0.5 + 0.1 * values, words, lines, names, 50, BRAILLE)
    long_words = [f"{i} long words" for i in range(9)]
    yield "a map without room", map_rows(np.abs(waves(1, 9)), long_words, ["y"], names, 8, BRAILLE)
    yield "no map", map_rows(np.full((1, 2), np.nan), ["a", "b"], ["y"], names, 40, BRAILLE)


@group
def maps() -> Iterator[Picture]:
    values = np.abs(waves(4, 9, seed=2.0)) + 0.01
    values[1, 2] = np.nan
    names = ("init.scale", "network.width", "escape:1")
    picture = MapPicture(values, [f"1e-{i}" for i in range(2, 11)], ["8", "16", "32", "64"], names)
    for width, height, cursor, glyphs in (
        (110, 16, (2, 1), BRAILLE),
        (76, 12, (0, 0), BLOCK),
        (40, 8, (8, 3), ASCII),
        (24, 6, (4, 2), BRAILLE),
        (14, 5, (7, 1), BRAILLE),
        (5, 2, (0, 3), BRAILLE),
    ):
        yield f"{width} x {height}, cursor {cursor}", map_view(picture, cursor, width, height, glyphs)
    yield "given limits", map_view(replace(picture, limits=(0.0, 2.0)), (3, 2), 90, 9, BRAILLE)
    yield (
        "no second axis",
        map_view(
            replace(picture, values=0.3 + values[:1], y=[""], names=("seed", "", "loss")),
            (3, 0),
            70,
            7,
            BRAILLE,
        ),
    )
    yield "nothing", map_view(replace(picture, values=np.full((4, 9), np.nan)), (0, 0), 70, 7, BRAILLE)


@group
def ranges() -> Iterator[Picture]:
    x = np.linspace(0.1, 0.9, 9)
    failed, blank = np.zeros(9, bool), np.zeros(9, bool)
    failed[4], blank[6] = True, True
    hole = np.where(failed | blank, np.nan, 1.0)
    one = RangePicture(
        x, (Part("escape 1", hole * (3.0 + x**2), 3.1 + x**2),), failed, blank, 0.37, "first escape"
    )
    for cursor, size, glyphs in (
        (0, (70, 13), BRAILLE),
        (4, (46, 9), ASCII),
        (6, (46, 9), BLOCK),
        (8, (12, 4), BRAILLE),
    ):
        yield f"one curve, cursor {cursor}", RangeDrawing(one, *size, glyphs).rows(cursor)
    three = tuple(
        Part(f"escape {i + 1}", hole * (i + 1.0) ** 3 * (2.0 + x), None if i else 2.0 + x) for i in range(3)
    )
    yield "three curves, log", RangeDrawing(replace(one, parts=three), 70, 13, BRAILLE).rows(2)
    yield (
        "ten curves",
        RangeDrawing(
            replace(one, parts=tuple(Part(f"e{i}", i + x) for i in range(10)), present=5.0), 60, 15, BRAILLE
        ).rows(1),
    )
    yield "with room for its key", RangeDrawing(one, 110, 7, BRAILLE).rows(3)
    wide = replace(one, x=np.logspace(-6.0, -1.5, 9), present=0.0)
    yield "a log axis, no present", RangeDrawing(wide, 46, 9, BRAILLE).rows(3)
    yield "a log axis", RangeDrawing(replace(wide, present=3e-4), 46, 9, BRAILLE).rows(3)
    never = replace(
        one, parts=(Part("escape 1", np.full(9, np.nan)),), failed=np.zeros(9, bool), blank=np.zeros(9, bool)
    )
    yield "nothing yet", RangeDrawing(never, 46, 5, BRAILLE).rows(0)
    bare = replace(
        one, failed=np.zeros(9, bool), blank=np.zeros(9, bool), parts=(Part("loss", 1.0 + x),), present=None
    )
    yield "all known", RangeDrawing(bare, 46, 7, BRAILLE).rows(0)
    yield "no results", RangeDrawing(replace(never, failed=failed, blank=~failed), 46, 7, BRAILLE).rows(4)
