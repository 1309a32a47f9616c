"""Great circles of directions: which one is drawn, and what of a network lies near it."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.errors import ProblemError
from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.observe.neurons import pulls_of
from reluflow.plot.directions import one_signed, units_of
from reluflow.problem import Problem

#: directions whose sine is smaller span no circle
_PARALLEL: Final = 1e-6
_WORD: Final = re.compile(r"d[+-]|x[1-9]\d{0,8}|pca[1-9]\d{0,2}|\d{1,9}", re.IGNORECASE)
_EXPECTED: Final = "expected two of D+, D-, x3 (a sample), pca1 (a principal axis), 3 (a neuron)"


@dataclass(frozen=True)
class CircleChoice:
    """The two directions that a circle goes through, as words; none: the circle that holds most directions.

    D+ and D-: the pulls of early alignment; x3: the third sample; pca1: the first principal axis of the
    neurons' directions, uncentred; 3: neuron 3, as tables number it.
    """

    words: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> "CircleChoice":
        """What a person typed. Raises ProblemError in one sentence."""
        words = text.split()
        if not words:
            return cls()
        for word in words:
            if not _WORD.fullmatch(word):
                raise ProblemError(f"{word!r} is no direction; {_EXPECTED}")
        if len(words) != 2 or words[0].lower() == words[1].lower():
            raise ProblemError(f"found {text.strip()!r}; {_EXPECTED}")
        return cls(tuple(word.upper() if word[0] in "dD" else word.lower() for word in words))

    def __str__(self) -> str:
        return " ".join(self.words)


#: the circle that holds most of the directions
FULLEST: Final = CircleChoice()


@dataclass(frozen=True)
class Circle:
    """``basis`` (p, 2): orthonormal, in the coordinates that move; angles are measured from its first column.

    ``whole``: whether there are no other directions.
    """

    basis: Array
    whole: bool


def circle_of(choice: CircleChoice, state: State, problem: Problem) -> Circle:
    """The circle for a state. Raises ProblemError in one sentence where the two directions span none."""
    p = problem.span.inputs.shape[1]
    if not choice.words:
        if p <= 2:
            return Circle(np.eye(p, 2), whole=True)
        return Circle(_principal(state, problem)[:, :2], whole=False)
    first, second = (_direction(word, state, problem) for word in choice.words)
    across = second - (second @ first) * first
    size = float(np.linalg.norm(across))
    if size < _PARALLEL:
        raise ProblemError(
            f"{choice.words[0]} and {choice.words[1]} point along one line; expected a circle's two"
        )
    return Circle(np.column_stack([first, across / size]), whole=p <= 2)


def _direction(word: str, state: State, problem: Problem) -> Array:
    """A unit vector (p,) in the coordinates that move."""
    span = problem.span
    if word in ("D+", "D-"):
        sign = np.array([1 if word == "D+" else -1], dtype=np.int8)
        row = span.project(pulls_of(sign, problem))[0]
    elif word.startswith("pca"):
        axes, number = _principal(state, problem), int(word[3:])
        if number > axes.shape[1]:
            raise ProblemError(f"{word}: found {axes.shape[1]} axes; expected one of them")
        row = axes[:, number - 1]
    else:
        name, number = ("sample", int(word[1:]) - 1) if word[0] == "x" else ("neuron", int(word))
        rows = span.inputs if name == "sample" else span.project(state.weights)
        if number >= len(rows):
            raise ProblemError(f"{word}: found {len(rows)} {name}s; expected one of them")
        row = rows[number]
    unit: Array = units_of(row[None])[0]
    if not unit.any():
        raise ProblemError(f"{word} has no direction; expected one that is not zero")
    return unit


def _principal(state: State, problem: Problem) -> Array:
    """Principal axes (p, p) of the neurons' directions, uncentred, the largest first and each of one sign."""
    units = units_of(problem.span.project(units_of(state.weights)))
    _, axes = np.linalg.eigh(units.T @ units)
    return one_signed(axes[:, ::-1])


@dataclass(frozen=True)
class Placed:
    """Neurons on a circle: ``angles`` (k,) of their projections, ``near`` (k,) squared cosines to it."""

    angles: Array
    near: Array


def placed(weights: Array, circle: Circle, problem: Problem) -> Placed:
    """Where neurons (k, d) stand on a circle; those without a direction are not near it."""
    flat = problem.span.project(units_of(weights)) @ circle.basis
    return Placed(np.arctan2(flat[:, 1], flat[:, 0]), np.einsum("kd,kd->k", flat, flat))
