"""Paths of problems between two presets: one number of a preset, or a mixture of two starts."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from reluflow.errors import EdgeError, counted
from reluflow.network import BALANCED, Array, imbalance, row_norms
from reluflow.problem import Problem
from reluflow.store.continuation import NEUTRAL, comparable
from reluflow.store.preset import Preset
from reluflow.store.schema import KEYS, Key

#: Positive numbers further apart than this factor are halved by their logarithm.
FAR: Final = 2.0
#: Mixtures of two networks are not told apart below this share of what they differ by.
FINEST_SHARE: Final = 2.0**-32


@dataclass(frozen=True)
class Path:
    """Problems over a coordinate from ``first`` to ``last``; ``what`` it is, in words.

    ``finest``: brackets of this width are not halved; 0: down to neighbouring floating-point numbers.
    ``changes``: the values of the first preset's keys that the coordinate decides, by id.
    """

    what: str
    first: float
    last: float
    problem: Callable[[float], Problem]
    finest: float = 0.0
    changes: Callable[[float], dict[str, Any]] = lambda _: {}

    def between(self, one: float, other: float) -> float | None:
        """A coordinate between two others; None where there is none to speak of."""
        if abs(one - other) <= self.finest:
            return None
        if min(one, other) > 0.0 and max(one, other) > FAR * min(one, other):
            middle = math.sqrt(one) * math.sqrt(other)
        else:
            middle = 0.5 * (one + other)
        return None if middle in (one, other) else middle


def path_between(one: Preset, other: Preset) -> Path:
    """The path between two presets that differ in one number, or in their starts alone.

    Raises EdgeError, in one sentence, for presets that differ in anything else.
    """
    keys = [key for key in KEYS if _differs(one, other, key)]
    if not keys:
        raise EdgeError(f"{one.name} and {other.name} are the same run; expected two that end differently")
    if len(keys) == 1:
        found = _number_path(one, other, keys[0])
        if found is not None:
            return found
    if all(key.section == "init" for key in keys):
        return mixture(one.problem(), one.problem(), other.problem(), "the start")
    raise EdgeError(
        f"{one.name} and {other.name} differ in {', '.join(key.id for key in keys)}; expected one number, or "
        "starts of equal signs on the same data"
    )


def mixture(problem: Problem, one: Problem, other: Problem, what: str) -> Path:
    """From the network of ``one`` to that of ``other`` on the data of ``problem``: shares from 0 to 1.

    Hidden weights are mixed linearly, and so is delta_j = a_j^2 - |w_j|^2, which the flow keeps; the output
    weights follow from both, with the signs that they have in common. Raises EdgeError where they have not.
    """
    networks = [(each.weights, each.output_weights) for each in (one, other)]
    shapes = [weights.shape for weights, _ in networks]
    if shapes[0] != shapes[1]:
        raise EdgeError(f"the two starts have shapes {shapes[0]} and {shapes[1]}; expected the same")
    signs = [np.sign(outputs) for _, outputs in networks]
    unequal = np.flatnonzero(signs[0] != signs[1])
    if unequal.size:
        raise EdgeError(
            f"the output weights of {counted(unequal.size, 'neuron')} (the first is neuron {unequal[0]}) "
            "have other signs in the two starts; expected starts of equal signs"
        )

    def mixed(share: float) -> Problem:
        weights, outputs = _mixed(networks[0], networks[1], share)
        return replace(problem, weights=weights, output_weights=outputs)

    return Path(what, 0.0, 1.0, mixed, FINEST_SHARE)


_Network = tuple[Array, Array]


def _mixed(one: _Network, other: _Network, share: float) -> _Network:
    """``share`` of the way from ``one`` to ``other``; see ``mixture``."""
    if share in (0.0, 1.0):
        return other if share else one
    weights = (1.0 - share) * one[0] + share * other[0]
    # in units of each neuron, so that squares of small sizes are numbers
    unit = np.max([row_norms(one[0]), row_norms(other[0]), np.abs(one[1]), np.abs(other[1])], axis=0)
    unit = np.where(unit > 0.0, unit, 1.0)
    first, last = (_excess(weights / unit[:, None], outputs / unit) for weights, outputs in (one, other))
    squares = row_norms(weights / unit[:, None]) ** 2 + (1.0 - share) * first + share * last
    if np.any(squares < 0.0):
        j = int(np.argmin(squares))
        raise EdgeError(
            f"neuron {j} of a mixture of the two starts would have a_j^2 < 0; expected starts between which "
            "no neuron with |a_j| < |w_j| comes near the origin"
        )
    return weights, np.sign(one[1]) * unit * np.sqrt(squares)


def _excess(weights: Array, outputs: Array) -> Array:
    """a_j^2 - |w_j|^2 of neurons of sizes around 1, without rounding of balanced ones."""
    found = imbalance(weights, outputs)
    return np.where(np.abs(found) <= BALANCED, 0.0, found)


def _differs(one: Preset, other: Preset, key: Key) -> bool:
    # runs go on to their ends whatever stop says of them, but for the loss that is a fit
    if key.section in NEUTRAL and key.id != "stop.loss":
        return False
    return bool(comparable(one, key) != comparable(other, key))


def _number_path(one: Preset, other: Preset, key: Key) -> Path | None:
    """The path over the one number in which the values of ``key`` differ; None if there is no such number."""
    values = [preset.values.get(key.id) for preset in (one, other)]
    places = list(_places(*values))
    if len(places) != 1 or places[0] is None or key.kind == "int":
        return None
    where, first, last = places[0]

    def changes(number: float) -> dict[str, Any]:
        return {key.id: _put(values[0], where, number)}

    def problem(number: float) -> Problem:
        return one.with_values(changes(number)).problem()

    names = ("row", "number")[-len(where) :] if where else ()
    place = ", ".join(f"{name} {i + 1}" for name, i in zip(names, where, strict=True))
    return Path(f"{key.id} ({place})" if place else key.id, first, last, problem, changes=changes)


def _places(one: Any, other: Any) -> Iterator[tuple[tuple[int, ...], float, float] | None]:
    """Where two numbers, or lists of numbers of one shape, differ; None for anything else."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            yield None
            return
        for i, pair in enumerate(zip(one, other, strict=True)):
            for place in _places(*pair):
                yield None if place is None else ((i, *place[0]), *place[1:])
    elif one != other:
        usable = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other))
        yield ((), float(one), float(other)) if usable else None


def _put(value: Any, where: tuple[int, ...], number: float) -> Any:
    """The value with another number at a place."""
    if not where:
        return number
    changed = list(value)
    changed[where[0]] = _put(value[where[0]], where[1:], number)
    return changed
