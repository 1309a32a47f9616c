"""Views of a state."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from pictures.runs import line, plane, single, space, start_of, turned, waves
from pictures.text import Picture, group, told
from reluflow.flow.base import State
from reluflow.plot.circles import CircleChoice
from reluflow.plot.directions import Goals, compass, compass_rows
from reluflow.plot.glyphs import ASCII, BLOCK, BRAILLE
from reluflow.plot.views import VIEWS
from reluflow.plot.views.chart import (
    sentence,
)
from reluflow.plot.views.field import draw_field
from reluflow.problem import Problem


@group
def directions() -> Iterator[Picture]:
    view = VIEWS["directions"]
    problem = plane()
    yield "two coordinates", view(start_of(problem), problem, 60, 20, BRAILLE, 3)
    yield "blocks", view(start_of(problem), problem, 40, 13, BLOCK, 6)
    yield "ASCII, cursor on a still neuron", view(start_of(problem), problem, 40, 15, ASCII, 7)
    yield "four coordinates", view(start_of(space()), space(), 50, 17, BRAILLE, 2)
    yield "one coordinate", view(start_of(single()), single(), 40, 9, BRAILLE, 0)
    yield "too small", view(start_of(problem), problem, 5, 3, BRAILLE, 0)
    odd = problem.weights.copy()
    odd[:3] = [[np.nan, 1.0], [np.inf, 2.0], [-np.inf, np.nan]]
    yield "not finite", view(State(0.0, odd, problem.output_weights), problem, 40, 13, BRAILLE, 1)
    goals = Goals(turned(np.array([30.0, 200.0, -75.0]), np.ones(3)), np.array([1.0, -1.0, 1.0]))
    picture = compass(problem.weights, problem.output_weights, problem.inputs)
    yield "with goals", compass_rows(picture, (60, 19), BRAILLE, None, goals)
    later = compass(0.003 * problem.weights, problem.output_weights, problem.inputs, previous=picture)
    yield "shrunk, on the radius before", compass_rows(later, (44, 15), BRAILLE)
    many = turned(np.linspace(0.0, 347.0, 45), np.linspace(0.5, 2.0, 45))
    for count in (10, 11, 40, 41):
        picture = compass(problem.weights, problem.output_weights, many[:count])
        yield f"{count} samples", compass_rows(picture, (46, 19), BRAILLE)
    zero = compass(np.zeros((2, 2)), np.ones(2), np.zeros((1, 2)))
    yield "nothing but zeros", compass_rows(zero, (30, 9), BRAILLE, 1)
    wide = compass(
        np.tile(problem.weights, (2300, 1)), np.tile(problem.output_weights, 2300), many[:3], cursor=10_001
    )
    yield f"{wide.index.size} of very many", compass_rows(wide, (40, 13), BRAILLE, 10_001)
    one = compass(space().weights, space().output_weights, space().inputs)
    two = compass(space().weights[::-1], space().output_weights, space().inputs, previous=one)
    yield "turned as before", compass_rows(two, (40, 13), BRAILLE, 0)


@group
def function() -> Iterator[Picture]:
    view = VIEWS["function"]
    problem = line()
    yield "five points", view(start_of(problem), problem, 72, 19, BRAILLE, None)
    for neuron, name in (
        (2, "a neuron"),
        (1, "a negative one"),
        (4, "one outside"),
        (5, "one without a kink"),
        (6, "one at zero"),
    ):
        yield name, view(start_of(problem), problem, 72, 11, BRAILLE, neuron)
    yield "blocks", view(start_of(problem), problem, 46, 11, BLOCK, 0)
    yield "ASCII", view(start_of(problem), problem, 46, 11, ASCII, 0)
    yield "leaky", view(start_of(line(slope=0.3)), line(slope=0.3), 46, 11, BRAILLE, 9)
    yield "another bias", view(start_of(line(2.5)), line(2.5), 46, 11, BRAILLE, 0)
    yield "no bias", view(start_of(single()), single(), 46, 9, BRAILLE, 0)
    yield "too many coordinates", view(start_of(space()), space(), 46, 5, BRAILLE, 0)
    same = Problem([[2.0, 1.0], [2.0, 1.0]], [0.5, 0.5], [[1.0, -1.0]], [3.0])
    yield "all samples at one place", view(start_of(same), same, 46, 9, BRAILLE, 0)
    tall = Problem(problem.inputs, problem.targets, [[0.9, 0.4], [1e3, 20.0], [-1e3, -20.0]], [0.2, 0.9, 0.7])
    yield "stars far above", view(start_of(tall), tall, 60, 11, BRAILLE, 1)
    odd = State(0.0, np.array([[np.inf, 1.0], [1.0, np.nan], [0.4, 0.2]]), np.array([1.0, np.inf, 0.7]))
    yield "not finite", view(odd, problem, 47, 9, BRAILLE, 2)
    at_edges = Problem(
        [[-1.0, 1.0], [1.0, 1.0]], [0.2, 0.3], [[1.0, 1.5], [1.0, -1.5], [0.0, -0.5]], [0.6, -0.8, 0.4]
    )
    yield "kinks at both edges", view(start_of(at_edges), at_edges, 46, 11, BRAILLE, None)
    yield "small", view(start_of(problem), problem, 9, 4, BRAILLE, 2)
    wide = State(0.0, np.tile(problem.weights, (1500, 1)), np.tile(problem.output_weights / 1500.0, 1500))
    yield "very many neurons", view(wide, problem, 46, 9, BRAILLE, 10_001)


@group
def bundle() -> Iterator[Picture]:
    view = VIEWS["bundle"]
    problem = space()
    yield "as it begins", view(start_of(problem), problem, 72, 17, BRAILLE, None)
    yield "with a neuron", view(start_of(problem), problem, 90, 13, BRAILLE, 1)
    yield "with a small neuron", view(start_of(problem), problem, 90, 13, BRAILLE, 10)
    yield "narrow, ASCII", view(start_of(problem), problem, 30, 11, ASCII, 2)
    many = space(7, 14, 12)
    yield "twelve coordinates", view(start_of(many), many, 46, 11, BLOCK, 0)
    yield "twelve on few columns", view(start_of(many), many, 34, 11, BRAILLE, 0)
    solution = np.linalg.lstsq(problem.inputs, problem.targets, rcond=None)[0]
    near = State(0.0, np.vstack([0.5 * solution, 0.45 * solution, 0.01 * waves(4)]), np.ones(3))
    yield "near the teacher", view(near, problem, 72, 13, BRAILLE, 0)
    nothing = State(0.0, np.zeros((2, 4)), np.ones(2))
    yield "no bundle", view(nothing, problem, 60, 11, BRAILLE, 0)
    yield "a negative label", view(start_of(plane()), plane(), 46, 6, BRAILLE, 0)
    inexact = Problem(
        problem.inputs, problem.targets + 0.2 * waves(6), problem.weights, problem.output_weights
    )
    yield "labels of no neuron", view(start_of(inexact), inexact, 46, 6, BRAILLE, 0)
    huge = replace(problem, inputs=1e55 * problem.inputs, targets=1e-60 * problem.targets)
    yield "other sizes", view(start_of(huge), huge, 46, 9, BRAILLE, 0)
    beyond = SimpleNamespace(targets=problem.targets, inputs=1e101 * problem.inputs, span=problem.span)
    tiny = SimpleNamespace(targets=problem.targets, inputs=1e-101 * problem.inputs, span=problem.span)
    yield "inputs below numbers", view(start_of(problem), tiny, 46, 4, BRAILLE, 0)
    yield "inputs beyond numbers", view(start_of(problem), beyond, 46, 6, BRAILLE, 0)
    wide = Problem(np.eye(513), np.ones(513), np.ones((1, 513)), np.ones(1))
    yield "very many coordinates", view(start_of(wide), wide, 46, 6, BRAILLE, 0)


@group
def field() -> Iterator[Picture]:
    view = VIEWS["field"]
    problem = plane()
    yield "a whole circle", view(start_of(problem), problem, 76, 19, BRAILLE, 0)
    yield "blocks", view(start_of(problem), problem, 46, 12, BLOCK, 3)
    yield "ASCII", view(start_of(problem), problem, 46, 12, ASCII, 5)
    yield "still neuron", view(start_of(problem), problem, 34, 9, BRAILLE, 7)
    yield "a neuron without direction", view(start_of(problem), problem, 34, 9, BRAILLE, 8)
    for name, other in {
        "leaky": plane(slope=0.25),
        "half-mse": plane(loss="half-mse"),
        "decay": plane(weight_decay=0.21),
        "logistic": plane(loss="logistic"),
        "fitted": replace(problem, targets=np.zeros(4), output_weights=np.zeros(9)),
    }.items():
        yield name, view(start_of(other), other, 60, 12, BRAILLE, None)
    four = space()
    yield "four coordinates", view(start_of(four), four, 70, 14, BRAILLE, 1)
    for words in (
        "",
        "foo x1",
        "x1",
        "D+ x2",
        "pca1 pca2",
        "3 x1",
        "D- x1",
        "x1 x1",
        "x1 x9",
        "x7 x1",
        "11 x1",
        "12 x1",
        "pca9 x1",
    ):
        try:
            choice = CircleChoice.read(words)
        except Exception as error:
            yield words, sentence(str(error), 60, 3)
            continue
        yield words, draw_field(choice, start_of(four), four, (60, 11), BRAILLE, 4)
    yield "D+ D-", draw_field(CircleChoice.read("d+ d-"), start_of(problem), problem, (60, 11), BRAILLE, 0)
    opposite = Problem([[1.0, 2.0], [2.0, 4.0]], [1.0, -1.0], problem.weights, problem.output_weights)
    weights = [[0.3, 0.5, 2.0], [0.9, -0.2, 0.1], [0.0, 0.0, 1.0]]
    flat = Problem([[1.0, 0.2, 0.0], [-0.4, 0.7, 0.0]], [1.0, -0.7], weights, [1.0, -0.5, 1.0])
    yield "a plane in space", view(start_of(flat), flat, 60, 11, BRAILLE, 1)
    yield (
        "one line",
        draw_field(CircleChoice.read("x1 x2"), start_of(opposite), opposite, (60, 4), BRAILLE, 0),
    )
    for count in (12, 13, 30, 201, 401):
        inputs = turned(np.linspace(3.0, 170.0, count), np.linspace(0.6, 1.4, count))
        many = Problem(inputs, waves(count), problem.weights, problem.output_weights)
        yield f"{count} samples", view(start_of(many), many, 60, 9, BRAILLE, None)
    yield "one coordinate", view(start_of(single()), single(), 40, 9, BRAILLE, 0)
    wide = State(0.0, np.tile(problem.weights, (1200, 1)), np.tile(problem.output_weights / 1200.0, 1200))
    yield "very many neurons", view(wide, problem, 40, 9, BRAILLE, 10_001)
    yield "small", view(start_of(problem), problem, 8, 3, BRAILLE, 2)


@group
def spectrum() -> Iterator[Picture]:
    view = VIEWS["spectrum"]
    problem = plane()
    yield "side by side", view(start_of(problem), problem, 78, 13, BRAILLE, 0)
    for neuron in (0, 3, 5):
        yield f"wide, neuron {neuron}", view(start_of(problem), problem, 120, 9, BRAILLE, neuron)
    yield "below each other", view(start_of(problem), problem, 50, 17, BLOCK, 5)
    yield "ASCII, no neuron", view(start_of(problem), problem, 56, 11, ASCII, None)
    yield "four coordinates", view(start_of(space()), space(), 78, 13, BRAILLE, 1)
    yield "more coordinates than neurons", view(start_of(space(2, 5, 4)), space(2, 5, 4), 78, 11, BRAILLE, 1)
    tiny = State(0.0, 1e-170 * problem.weights, 1e-170 * problem.output_weights)
    yield "tiny", view(tiny, problem, 78, 9, BRAILLE, 1)
    for name, options in {"mse": {}, "half-mse": {"loss": "half-mse"}, "leaky": {"slope": 0.3}}.items():
        yield name, view(start_of(plane(**options)), plane(**options), 70, 5, BRAILLE, None)
    zero = State(0.0, np.zeros((9, 2)), np.zeros(9))
    yield "zero", view(zero, problem, 60, 7, BRAILLE, 0)
    many = Problem(waves(201, 2), np.ones(201), waves(3, 2), np.ones(3))
    yield "many samples", view(start_of(many), many, 60, 7, BRAILLE, 0)
    wide = Problem(waves(2, 201), np.ones(2), waves(202, 201), np.ones(202))
    yield "many coordinates", view(start_of(wide), wide, 60, 7, BRAILLE, 0)


@group
def norms() -> Iterator[Picture]:
    view = VIEWS["norms"]
    problem = plane()
    for neuron in (None, 0, 3, 5, 7, 8):
        yield f"cursor {neuron}", view(start_of(problem), problem, 60, 11, BRAILLE, neuron)
    yield "ASCII", view(start_of(problem), problem, 34, 9, ASCII, 5)
    lines = line()
    yield "seven neurons", view(start_of(lines), lines, 34, 9, BLOCK, 1)
    resting = State(0.0, turned(np.arange(7.0), np.logspace(0.0, -1.9, 7)), np.zeros(7))
    yield "all at a = 0", view(resting, problem, 46, 7, BRAILLE, 3)
    many = State(
        0.0, np.logspace(-320.0, 15.0, 20_003)[:, None] * np.ones(2), np.where(waves(20_003) > 0.0, 1.0, -1.0)
    )
    yield "very many", view(many, problem, 70, 9, BRAILLE, 20_001)


@group
def edges() -> Iterator[Picture]:
    problem = plane()
    for name, view in ((name, VIEWS[name]) for name in VIEWS):
        of = {"function": line(), "bundle": space()}.get(name, problem)
        for cursor in (-1, of.width):
            yield f"{name}, neuron {cursor}", view(start_of(of), of, 46, 9, BRAILLE, cursor)
        for width, height in ((0, 3), (6, 0), (1, 1), (26, 1), (1, 5), (12, 4), (60, 2)):
            yield f"{name}, {width} x {height}", view(start_of(of), of, width, height, BRAILLE, 0)
    wide = np.tile(problem.weights, (2301, 1)), np.tile(problem.output_weights, 2301)
    for cursor in (-1, wide[1].size, wide[1].size + 1):
        found = compass(*wide, problem.inputs, cursor)
        yield told(
            f"{wide[1].size} neurons, cursor {cursor}",
            {"of them": found.index.size, "last": int(found.index[-1])},
        )
    crowded = compass(problem.weights, problem.output_weights, turned(np.full(9, 40.0), np.ones(9)))
    yield "numbers without room", compass_rows(crowded, (30, 9), BRAILLE)
