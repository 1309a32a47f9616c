"""Changes of single neurons of a state, from which a run of its own is to begin.

    add J SIZE [K]    a new neuron with |w| = |a| = SIZE in the K-th fastest direction, as number J
    remove J          the network without neuron J
    flip J            a_J with the other sign
    scale J FACTOR    w_J and a_J times FACTOR
    turn J DEGREES    w_J turned so that the angle that tables of neurons show grows by DEGREES

J is the number of a neuron as all tables show it, which count neurons from 0. For ``add`` it is the number
that the new neuron gets; those from J on move up by one. A new neuron points where one of its sign grows
fastest under the residual of the state: the escape direction that goes with Gamma_all in the certificate of a
rest. K counts the directions from 1, fastest first, as ``reluflow directions`` lists them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from reluflow.errors import ProblemError
from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.observe.neurons import pulls_of, unit_rows
from reluflow.problem import SMALLEST_NEURON, Problem
from reluflow.theory.alignment import extremal_directions

Verb = Literal["add", "remove", "flip", "scale", "turn"]
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
#: what follows the number of the neuron
AMOUNTS: Final = {"add": "SIZE", "scale": "FACTOR", "turn": "DEGREES"}
#: larger sizes and factors overflow when they are squared
_LARGEST: Final = 1e150
#: share of the fastest rate below which another one is rounding of a residual at rest
_SLOWEST: Final = 1e-5
#: sine of an angle below which two directions span no plane
_PARALLEL: Final = 1e-9
_EXPECTED: Final = (
    "expected one of 'add J SIZE', 'add J SIZE K', 'remove J', 'flip J', 'scale J FACTOR', 'turn J DEGREES'"
)


@dataclass(frozen=True)
class Nudge:
    """One change. ``neuron``: J; ``amount``: SIZE, FACTOR or DEGREES; ``rank``: K."""

    verb: Verb
    neuron: int
    amount: float = 0.0
    rank: int = 1

    @classmethod
    def read(cls, text: str) -> "Nudge":
        """The change that a person typed. Raises ProblemError in one sentence."""
        words = text.split()
        verb = next((each for each in VERBS if words and each == words[0]), None)
        if verb is None:
            raise ProblemError(f"{text!r} changes no neuron; {_EXPECTED}")
        sizes = {"add": (3, 4), "remove": (2,), "flip": (2,)}.get(verb, (3,))
        if len(words) not in sizes:
            raise ProblemError(f"{text!r} has {len(words) - 1} word(s) after {verb}; {_EXPECTED}")
        neuron = _whole(words[1], 0, text, "the number of a neuron, from 0")
        amount = _number(words[2], verb, text) if verb in AMOUNTS else 0.0
        rank = _whole(words[3], 1, text, "the number of a direction, from 1") if len(words) == 4 else 1
        return cls(verb, neuron, amount, rank)

    def __str__(self) -> str:
        words = [self.verb, str(self.neuron)]
        words += [f"{self.amount:g}"] if self.verb in AMOUNTS else []
        return " ".join([*words, str(self.rank)] if self.rank > 1 else words)

    def of(self, problem: Problem, state: State) -> State:
        """The state with the change. Raises ProblemError in one sentence if it cannot be made.

        Only data, loss and slope of the ``problem`` count, not its initial network.
        """
        width = state.output_weights.size
        highest = width - (self.verb != "add")
        if self.neuron > highest:
            raise ProblemError(f"{str(self)!r}: found {width} neuron(s); expected a number up to {highest}")
        if self.verb == "add":
            return self._with_one_more(problem, state)
        if self.verb == "remove":
            return self._without(state)
        weights, outputs = state.weights.copy(), state.output_weights.copy()
        if self.verb == "flip":
            outputs[self.neuron] *= -1.0
        elif self.verb == "scale":
            weights[self.neuron] *= self.amount
            outputs[self.neuron] *= self.amount
        else:
            weights[self.neuron] = self._turned(problem, weights[self.neuron], outputs[self.neuron])
        return State(state.t, weights, outputs)

    def _with_one_more(self, problem: Problem, state: State) -> State:
        left = problem.left(state.weights, state.output_weights)
        found = extremal_directions(problem.inputs, left, slope=problem.slope).attractors
        found = tuple(one for one in found if one.rate > _SLOWEST * found[0].rate)
        if self.rank > len(found):
            many = f"only {len(found)} direction(s)" if found else "no direction"
            expected = f"K up to {len(found)}" if found else "a state with something left to fit"
            raise ProblemError(
                f"{str(self)!r}: found {many} in which a new neuron could grow at t = {state.t:.6g}; "
                f"expected {expected}"
            )
        one = found[self.rank - 1]
        direction = one.direction / np.linalg.norm(one.direction)
        return State(
            state.t,
            np.insert(state.weights, self.neuron, self.amount * direction, axis=0),
            np.insert(state.output_weights, self.neuron, one.sign * self.amount),
        )

    def _without(self, state: State) -> State:
        if state.output_weights.size == 1:
            raise ProblemError(f"{str(self)!r}: found no other neuron; expected one that would be left")
        weights = np.delete(state.weights, self.neuron, axis=0)
        return State(state.t, weights, np.delete(state.output_weights, self.neuron))

    def _turned(self, problem: Problem, row: Array, output: float) -> Array:
        """With two coordinates counter-clockwise, else away from D+ or D-, as the angle in tables grows."""
        size = float(np.linalg.norm(row))
        if size < SMALLEST_NEURON or row.size < 2:
            found = "one coordinate" if size else "a neuron without a direction"
            raise ProblemError(f"{str(self)!r}: found {found}; expected a neuron that can be turned")
        unit, angle = row / size, np.radians(self.amount)
        if row.size == 2:
            across = np.array([-unit[1], unit[0]])
        else:
            pull = pulls_of(np.sign([output]).astype(np.int8), problem)
            across = _across(unit, np.vstack([-pull, problem.inputs, np.eye(row.size)]))
        turned: Array = size * (np.cos(angle) * unit + np.sin(angle) * across)
        return turned


def nudged(problem: Problem, state: State, nudges: Sequence[Nudge]) -> State:
    """The state with all the changes, one after the other. Raises ProblemError in one sentence."""
    for nudge in nudges:
        state = nudge.of(problem, state)
    return state


def _across(unit: Array, rows: Array) -> Array:
    """The unit vector orthogonal to ``unit`` (d,), towards the first row that is not parallel to it."""
    rows = unit_rows(rows)
    parts = rows - np.outer(rows @ unit, unit)
    parts -= np.outer(parts @ unit, unit)
    sizes = np.linalg.norm(parts, axis=1)
    first = int(np.argmax(sizes > _PARALLEL))
    found: Array = parts[first] / sizes[first]
    return found


def _whole(word: str, low: int, text: str, expected: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 16 and int(word) >= low):
        raise ProblemError(f"{text!r}: found {word!r}; expected {expected}")
    return int(word)


def _number(word: str, verb: str, text: str) -> float:
    """SIZE and FACTOR above 0, DEGREES of either sign."""
    try:
        value = float(word)
    except ValueError:
        value = np.nan
    low = -_LARGEST if verb == "turn" else SMALLEST_NEURON
    if not low <= value <= _LARGEST:
        what = f"a number from {low:.3g} to {_LARGEST:g}"
        raise ProblemError(f"{text!r}: found {AMOUNTS[verb]} {word!r}; expected {what}")
    return value
