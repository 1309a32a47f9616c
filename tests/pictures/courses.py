"""Views of a whole run."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pictures.runs import course, falls, labelled, plane, space, start_of
from pictures.text import Picture, group
from reluflow.flow.base import State
from reluflow.observe.history import History
from reluflow.plot.glyphs import ASCII, BLOCK, BRAILLE
from reluflow.plot.views.departure import draw_departure
from reluflow.plot.views.growth import draw_growth
from reluflow.plot.views.margins import draw_margins
from reluflow.problem import Problem


@group
def growth() -> Iterator[Picture]:
    problem = plane()
    history = course(problem, falls())
    for name, (until, size, glyphs, cursor) in {
        "the whole run": (60.0, (72, 16), BRAILLE, 0),
        "a part, a negative neuron": (23.7, (50, 11), BRAILLE, 2),
        "blocks": (60.0, (40, 11), BLOCK, 6),
        "ASCII": (60.0, (40, 11), ASCII, 1),
        "a neuron of zeros": (60.0, (40, 9), BRAILLE, 8),
        "the start alone": (0.0, (40, 9), BRAILLE, 0),
        "small": (60.0, (9, 3), BRAILLE, 0),
    }.items():
        picture = draw_growth(history, until, size, glyphs, cursor, problem)
        yield name, picture.rows(history.state_at(0.41 * until), size[0], size[1] + 1, glyphs, cursor)
    run = labelled()
    picture = draw_growth(run, 900.0, (60, 11), BRAILLE, 4, plane(loss="logistic"))
    for t in (0.0, 4.4):
        yield f"of labels at {t}", picture.rows(run.state_at(t), 60, 12, BRAILLE, 4)
    wide = space(71)
    picture = draw_growth(course(wide, falls()), 60.0, (60, 11), BRAILLE, 66, wide)
    yield "more than are drawn", picture.rows(start_of(wide, 30.0), 60, 12, BRAILLE, 66)


@group
def margins() -> Iterator[Picture]:
    run, problem = labelled(), plane(loss="logistic")
    for until, size, t, glyphs in (
        (1.6e4, (72, 13), 60.0, BRAILLE),
        (2.2, (50, 9), 0.0, BRAILLE),
        (1.6e4, (40, 9), 0.5, ASCII),
        (1.6e4, (9, 3), 0.5, BRAILLE),
    ):
        picture = draw_margins(run, until, size, glyphs, 0, problem)
        yield f"until {until:g} at {t:g}", picture.rows(run.state_at(t), size[0], size[1] + 1, glyphs, 0)
    yield (
        "nothing yet",
        draw_margins(run, 0.0, (40, 5), BRAILLE, 0, problem).rows(run.states[0], 40, 6, BRAILLE, 0),
    )
    other = course(plane(), falls())
    yield (
        "no labels",
        draw_margins(other, 9.0, (40, 5), BRAILLE, 0, plane()).rows(other.states[0], 40, 6, BRAILLE, 0),
    )


@group
def departure() -> Iterator[Picture]:
    problem = plane()
    history = course(problem, falls())
    begun = replace(
        problem, weights=history.states[0].weights, output_weights=history.states[0].output_weights
    )
    for name, (until, size, t, glyphs) in {
        "the whole run": (60.0, (72, 14), 33.3, BRAILLE),
        "a part": (25.0, (50, 9), 10.0, BLOCK),
        "ASCII, narrow": (60.0, (31, 9), 21.0, ASCII),
        "the start alone": (0.0, (40, 7), 0.0, BRAILLE),
        "small": (60.0, (9, 3), 9.0, BRAILLE),
    }.items():
        picture = draw_departure(history, until, size, glyphs, 0, begun)
        yield name, picture.rows(history.state_at(t), size[0], size[1] + 1, glyphs, 0)
    run = labelled()
    picture = draw_departure(
        run, 900.0, (60, 9), BRAILLE, 0, replace(plane(loss="logistic"), weights=begun.weights)
    )
    yield "of labels", picture.rows(run.state_at(4.4), 60, 10, BRAILLE, 0)
    nothing = replace(problem, weights=np.zeros((9, 2)), output_weights=np.zeros(9))
    states = [
        State(t, 10.0**power * problem.weights, 10.0**power * problem.output_weights)
        for t, power in ((0.0, -45), (1.0, -20), (2.0, 0))
    ]
    deep = History(states, np.arange(3.0), {"t": np.arange(3.0)})
    picture = draw_departure(deep, 2.0, (50, 9), BRAILLE, 0, nothing)
    yield "from nothing, over more decades than are shown", picture.rows(states[1], 50, 10, BRAILLE, 0)
    many = Problem(np.ones((2000, 2)), np.ones(2000), np.ones((100, 2)), np.ones(100))
    yield (
        "too many",
        draw_departure(history, 60.0, (60, 6), BRAILLE, 0, many).rows(history.states[0], 60, 7, BRAILLE, 0),
    )
