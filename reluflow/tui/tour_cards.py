"""The cards of the tour: each says what is seen in the run on show and which key to press next."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from reluflow.network import residuals, row_norms
from reluflow.plot.axes import short
from reluflow.plot.phases import Plateau
from reluflow.tui.frozen_runs import LETTERS
from reluflow.tui.moment import Moment
from reluflow.tui.sign_changes import Stuck

#: where the tour begins and where it leads
TOY: Final = "orthogonal-toy"
FIVE_POINTS: Final = "nonorthogonal-five-points"
#: A sample is fitted when its residual is below this share of the largest target.
_FITTED: Final = 0.05
#: A neuron takes part when its |a| |w| is at least this share of the largest.
_LARGE: Final = 0.01
#: a cursor that has been put on a time stands there but for rounding
_SHORT_OF: Final = 1.0 - 1e-6

Stage = Literal["start", "saddle", "escaped", "flow", "descent", "stuck", "elsewhere"]
#: the stages in the order in which they come, for the count in the heading
STAGES: Final[tuple[Stage, ...]] = ("start", "saddle", "escaped", "flow", "descent", "stuck")


@dataclass(frozen=True)
class Card:
    """A heading, what is seen, and what to press next: pairs (key, what it does)."""

    title: str
    seen: str
    following: tuple[tuple[str, str], ...]


def stage_of(moment: Moment, found: Stuck | None) -> Stage:
    """The stage of the tour that a moment belongs to."""
    name, method = moment.frame.preset.name, moment.frame.method
    if name == FIVE_POINTS:
        if method == "gd":
            return "stuck" if found is not None else "descent"
        return "flow"
    if name != TOY or method == "gd":
        return "elsewhere"
    saddle = first_saddle(moment)
    if saddle is None or moment.t < saddle.begin:
        return "start"
    return "saddle" if saddle.arrive is None or moment.t < saddle.arrive else "escaped"


def first_saddle(moment: Moment) -> Plateau | None:
    """The first plateau that lies below the one that the run starts on."""
    return moment.plateaus[1] if len(moment.plateaus) > 1 else None


def next_pause(moment: Moment) -> float | None:
    """The time of the next pause: in the middle of the first saddle, and after the escape from it."""
    saddle = first_saddle(moment)
    if saddle is None or saddle.leave is None:
        return None
    middle = 0.5 * (saddle.begin + saddle.leave)
    return middle if moment.t < _SHORT_OF * middle else saddle.arrive


def card_of(stage: Stage, moment: Moment, found: Stuck | None, keys: Mapping[str, str]) -> Card:
    """The card of a stage; ``keys``: the name of each action's key, by the action's id."""
    if stage == "elsewhere":
        return _off(keys)
    number = STAGES.index(stage) + 1
    title = f"first minute, {number} of {len(STAGES)}"
    if stage == "stuck" and found is not None:
        return Card(title, why_stuck(found), ((keys["dismiss"], "ends the tour"), (keys["help"], "all keys")))
    seen, following = {
        "start": _start,
        "saddle": _saddle,
        "escaped": _escaped,
        "flow": _flow,
        "descent": _descent,
    }[stage](moment, keys)
    return Card(title, seen, (*following, (keys["dismiss"], "puts this away")))


_Said = tuple[str, tuple[tuple[str, str], ...]]


def _off(keys: Mapping[str, str]) -> Card:
    following = (
        (keys["open"], "opens the five points"),
        (keys["guide"], "begins the tour anew"),
        (keys["dismiss"], "puts this away"),
    )
    return Card("off the tour", "The tour goes from two points to five; this is another run.", following)


def _start(moment: Moment, keys: Mapping[str, str]) -> _Said:
    problem = moment.frame.problem
    sizes = f"{problem.width} ReLU neurons learn {problem.samples} points" if problem else "A network learns"
    seen = (
        f"{sizes} from tiny weights. The loss rests on plateau S1 while the neurons only turn, "
        "too small to show in it."
    )
    if moment.playing:
        return seen, (("", "wait: it pauses by itself on the next saddle"),)
    return seen, ((keys["play"], "plays on to the next saddle"),)


def _saddle(moment: Moment, keys: Mapping[str, str]) -> _Said:
    following = ((keys["play"], "plays on to the second escape"),)
    if moment.playing:
        following = (("", "wait: it pauses by itself"),)
    state, problem, saddle = moment.state, moment.frame.problem, first_saddle(moment)
    if state is None or problem is None or saddle is None:
        return "", following
    if saddle.leave is not None and moment.t >= saddle.leave:
        seen = f"{saddle.name} is left: neurons of the other sign have grown, and the loss falls again."
        return seen, following
    left = residuals(state.weights, state.output_weights, problem.inputs, problem.targets)
    fitted = int(np.count_nonzero(np.abs(left) < _FITTED * np.max(np.abs(problem.targets))))
    masses = np.abs(state.output_weights) * row_norms(state.weights)
    large = masses >= _LARGE * masses.max()
    positive = bool(np.sum(state.output_weights[large]) > 0.0)
    others = ~large & ((state.output_weights > 0.0) != positive)
    small = float(np.sqrt(masses[others].max(initial=0.0)))
    grown, waiting = (">", "<") if positive else ("<", ">")
    return (
        f"A saddle: the loss rests at {_digits(moment.loss)} ({saddle.name}). {fitted} of {problem.samples} "
        f"points fitted, by {np.count_nonzero(large)} neurons grown with output weight a {grown} 0. Those "
        f"with a {waiting} 0, below {small:.0e}, grow unseen.",
        following,
    )


def _escaped(moment: Moment, keys: Mapping[str, str]) -> _Said:
    first, second = moment.plateaus[0], moment.plateaus[1]
    times = " and ".join(_digits(each.escape) for each in (first, second) if each.escape is not None)
    return (
        f"Neurons of the other sign have grown and fit the rest. Both escapes, at t = {times}, come later "
        "the smaller the weights begin, like ln(1/scale).",
        ((keys["open"], "opens other settings: take the five points"),),
    )


def _flow(moment: Moment, keys: Mapping[str, str]) -> _Said:
    left = [plateau for plateau in moment.plateaus if plateau.escape is not None]
    if not moment.frame.over or not left or left[-1].escape is None:
        return "Five points on a line. The true flow is being solved.", ()
    last, escape = left[-1], left[-1].escape
    return (
        f"Five points on a line. The true flow rests on a saddle at loss {_digits(last.loss)}, escapes from "
        f"it at t = {_digits(escape)} and goes on to {moment.live.loss:.0e}.",
        ((keys["descent"], "runs plain descent, from the same weights, beside it"),),
    )


def _descent(moment: Moment, keys: Mapping[str, str]) -> _Said:
    rate = moment.frame.preset.values.get("solver.learning_rate", math.nan)
    return (
        f"Plain descent with rate {rate:g} from the same weights; behind it (a) is the flow. It has got to "
        f"t = {_digits(moment.live.t)}, loss {_digits(moment.live.loss)}.",
        (("", "wait: the cursor goes where it comes to rest"),),
    )


def why_stuck(found: Stuck) -> str:
    """Why a run is stuck, in words."""
    names = ", ".join(map(str, found.flipped[:3])) + (", ..." if len(found.flipped) > 3 else "")
    many = len(found.flipped) != 1
    flow = ""
    if found.left is not None and found.letter is not None:
        flow = f", a saddle that the flow ({LETTERS[found.letter]}) escaped from at t = {_digits(found.left)}"
    return (
        f"Stuck at loss {_digits(found.loss)}{flow}. {len(found.flipped)} neuron{'s' * many} changed the "
        f"sign of a ({names}), first at t = {_digits(found.since)}, which a theorem forbids: the flow keeps "
        "a^2 - |w|^2, finite steps do not. Those that should grow here are lost; without them it is a "
        "spurious local minimum."
    )


def _digits(value: float) -> str:
    return short(float(f"{value:.3g}"))
