"""Small flows whose figures are recorded, to the digits that any processor and version of NumPy give.

    python tests/recorded_flow.py make        # list what differs from the record, then record anew

Tests of what is right have tolerances that a lost order of accuracy, other step sizes or one sweep more pass.
The record has no opinion of what is right: it notices that something is not as it was. A case that is added
must give the same on other processors: try OPENBLAS_CORETYPE=Nehalem and NPY_DISABLE_CPU_FEATURES, and the
lowest versions. Where a run is chaotic it is cut before that shows.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np

HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # the package beside this folder is measured, whichever one is installed
sys.path += [str(HERE.parent / "benchmarks"), str(HERE.parent / "tools")]

# ruff: noqa: E402
import families
import lorentz_cases
import problems
from record import WIDEST, as_text, environment
from record_cases import Measured
from record_differences import differences

from reluflow.flow import make_solver, scipy_implicit, scipy_lsoda
from reluflow.flow.base import FlowSolver, Options, State
from reluflow.flow.cut import Cut, crossing, margin_crossing
from reluflow.flow.events import Change, Events
from reluflow.flow.lorentz import (
    balance,
    collocation_step,
    dense,
    local_field,
    path_basis,
    rounds,
    samples,
    series_step,
    sweep,
)
from reluflow.flow.lorentz.collocation_step import CollocationStepper
from reluflow.flow.lorentz.engine import engine
from reluflow.losses import LabelLoss
from reluflow.network import Array, residuals, row_norms
from reluflow.problem import Problem

RECORD: Final = HERE / "recorded" / "flow.json"
#: relative, where it is not that of ``record_differences``: the lengths of steps, and gradients near a rest,
#: follow from differences of numbers that are nearly the same; a crossing is located to 1e-10
TOLERANCES: Final = {"t": 1e-5, "gradient": 1e-6, "gradient/end": 1e-6, "crossing": 1e-8}
#: how many times a flow is looked at, and every how many of them its weights
LOOKS, OF_WEIGHTS = 10, 5
#: more steps are recorded here and there, more events by sums
MOST_STEPS, MOST_EVENTS = 50, 70
#: hidden weights that are this small next to the output weight are zero but for rounding
NOTHING: Final = 1e-12
#: significant digits that are recorded
DIGITS: Final = 12

#: constants of the solver by which a small problem goes the ways of large ones, or of other ones
Constant = tuple[Any, str, Any]
NO_SERIES: Final[Constant] = (series_step, "SERIES", replace(series_step.SERIES, most_pairs=0))
ENGINE: Final[tuple[Constant, ...]] = ((samples, "MANY", 1), (engine, "WORTH", 1))
BALANCED: Final[tuple[Constant, ...]] = ((balance, "STIFF", 1.0), (balance, "NEAR", 1e3))
LIGHT: Final[Constant] = (collocation_step, "NEWTON", replace(collocation_step.NEWTON, worth=1, light=1.0))
BLOCKS: Final[Constant] = (sweep, "BLOCK", 1)
CROWDED: Final[Constant] = (rounds, "crowded", lambda *_: True)


@dataclass(frozen=True)
class Case:
    """A flow up to a time.

    halfway: it goes on from a checkpoint after so many steps. twice: each step is taken back and taken again.
    level: a loss, or with labels a margin, whose crossing is located. constants: of modules of the solver,
    while it runs.
    """

    problem: Callable[[], Problem]
    end: float
    method: str = "lorentz"
    rtol: float = 1e-6
    learning_rate: float | None = None
    halfway: int | None = None
    twice: bool = False
    level: float | None = None
    constants: tuple[Constant, ...] = ()


def drawn(family: str, number: int, width: int | None = None, **options: Any) -> Callable[[], Problem]:
    """A problem of ``benchmarks/families.py``, with its first neurons."""

    def made() -> Problem:
        case = families.draw(family, 0, number)
        inputs, targets, w, a = case.arguments
        targets = np.sign(targets) if "loss" in options and options["loss"] != "mse" else targets
        return Problem(inputs, targets, w[:width], a[:width], slope=case.slope, **options)

    return made


def stored(name: str) -> Callable[[], Problem]:
    """A problem of ``tests/cases``."""

    def made() -> Problem:
        with np.load(HERE / "cases" / f"{name}.npz") as file:
            case = dict(file)
        given = (case[key] for key in ("inputs", "targets", "weights", "output_weights"))
        loss, decay = str(case.get("loss_name", "half-mse")), float(case.get("weight_decay", 0.0))
        return Problem(*given, loss=loss, slope=float(case["slope"]), weight_decay=decay)

    return made


def wide(width: int, dimension: int, samples: int, scale: float, bias: bool = False) -> Callable[[], Problem]:
    """Gaussian inputs and targets, and many small neurons."""

    def made() -> Problem:
        generator = np.random.default_rng(0)
        inputs = generator.standard_normal((samples, dimension))
        inputs = np.column_stack([inputs, np.ones(samples)]) if bias else inputs
        start = lorentz_cases.balanced(width, inputs.shape[1], scale, 0)
        return Problem(inputs, generator.standard_normal(samples), *start)

    return made


def one_neuron() -> Problem:
    """A neuron that loses its only sample, and rests."""
    return Problem([[1.0, 1.0]], [-1.0], [[1.0, -0.5]], [np.sqrt(1.25)])


CASES: Final[dict[str, Case]] = {
    # power series and collocation, sliding, releases, escapes
    "two points": Case(partial(lorentz_cases.toy, width=10), 20.0, halfway=8, twice=True, level=0.3),
    "five points": Case(lorentz_cases.five_points, 60.0, constants=(NO_SERIES,)),
    "five points by series": Case(lorentz_cases.five_points, 40.0, level=0.08),
    "gauss": Case(drawn("gauss", 1, 12), 12.7),
    "gauss, leaky": Case(drawn("gauss-leaky", 0), 4.55),
    "gauss, close": Case(drawn("gauss-teacher", 4, 10), 20.0, rtol=1e-10),
    "gauss, mse": Case(drawn("gauss", 3, 10, loss="mse"), 6.0),
    "tiny": Case(drawn("tiny-scale", 1, 12), 409.0),
    "nothing is seen yet": Case(partial(lorentz_cases.toy, 1e-30, width=8), 30.0, constants=(NO_SERIES,)),
    "a fit": Case(stored("flow/grid-8"), 11.5),
    "one neuron as teacher": Case(drawn("one-neuron-noisy", 3, 10), 30.0, constants=(NO_SERIES,)),
    "one neuron as teacher, to the end": Case(drawn("one-neuron-noisy", 2, 12), 84.8),
    "samples twice": Case(drawn("duplicates", 2, 12), 43.6),
    "a line": Case(stored("flow/line-bias-5"), 1500.0),
    "opposite inputs": Case(drawn("opposite", 1, 12), 58.2),
    "inputs along one line": Case(stored("flow/opposite-kink-3"), 236.0),
    "rests from the start": Case(stored("flow/dominated-1"), 1e4),
    "dies": Case(one_neuron, 10.0),
    # neurons through zero, choices, junctions, starts on kinks
    "unbalanced": Case(stored("flow/unbal2-7"), 25.4),
    "unbalanced on a line": Case(drawn("line-unbalanced", 2, 12), 68.2),
    "leaky, unbalanced": Case(stored("flow/leaky-23"), 3.15),
    "dominated": Case(drawn("gauss-dominated", 7, 10), 12.0, constants=(*ENGINE, NO_SERIES)),
    "integers": Case(drawn("integer-starts", 4, 10), 8.0),
    "integers, other ones": Case(drawn("integer-starts", 3, 10), 8.0),
    "integers, held": Case(drawn("integer-starts", 1, 12), 40.0),
    "a start on kinks": Case(drawn("on-kink", 2, 12), 31.0),
    "a start on kinks, crowded": Case(drawn("on-kink", 5, 10), 8.0),
    "held at junctions": Case(stored("flow/held-0"), 1.23),
    "held at a junction": Case(stored("flow/held-1"), 62.0, constants=((local_field, "FACTORED", 1),)),
    "held at junctions, let out": Case(stored("flow/onkink-12"), 8.0, constants=(NO_SERIES,)),
    "what pushes is fitted elsewhere": Case(stored("flow/fitted-elsewhere-1"), 74.0),
    "some are zero": Case(drawn("zero-neurons", 5, 10), 8.0),
    "some samples agree": Case(drawn("gauss-teacher", 0), 42.5),
    "inputs in a subspace": Case(drawn("rank-deficient", 1, 12), 2.12),
    # wide networks, many dimensions
    "engine": Case(drawn("rank-deficient", 7, 10), 10.0, constants=(*ENGINE, NO_SERIES)),
    "engine, leaky": Case(drawn("gauss-leaky", 7, 8), 6.0, constants=(*ENGINE, NO_SERIES)),
    "engine, frozen": Case(drawn("gauss-tiny", 7, 10), 8.0, constants=ENGINE),
    "engine, gauss": Case(
        partial(lorentz_cases.random_problem, 5, 8, 6, 20), 6.0, constants=(*ENGINE, NO_SERIES)
    ),
    "blocks": Case(wide(100, 3, 6, 1e-4), 10.0, constants=(BLOCKS, (path_basis, "AT_ONCE", 1))),
    "blocks without kinks": Case(partial(problems.smooth, 80), 1.5, constants=(BLOCKS, NO_SERIES)),
    "blocks without records": Case(
        wide(66, 3, 6, 1e-2), 1.0, constants=(BLOCKS, (sweep, "MOST_KEPT", 0), (dense, "ROOM", 1000))
    ),
    "most are light": Case(wide(20, 2, 12, 1e-6, bias=True), 20.0, constants=(LIGHT, NO_SERIES)),
    "hundreds of neurons": Case(wide(700, 2, 8, 3e-5), 30.0),
    "crowded": Case(drawn("moons", 4, 10), 14.0, constants=(CROWDED, NO_SERIES)),
    # weight decay
    "decay": Case(stored("beyond/decay_56"), 5.0, halfway=12),
    "decay, balanced": Case(drawn("gauss", 3, 8, weight_decay=0.02), 8.0, constants=(*BALANCED, NO_SERIES)),
    "decay, engine": Case(drawn("gauss", 8, 8, weight_decay=0.03), 12.0, constants=(*ENGINE, NO_SERIES)),
    # losses of labels
    "exponential": Case(drawn("moons", 0, 10, loss="exponential"), 30.7),
    "exponential, decay": Case(drawn("moons", 2, 8, loss="exponential", weight_decay=0.02), 20.0),
    "exponential, contradictions": Case(drawn("opposite", 4, 8, loss="exponential"), 10.0),
    "logistic": Case(drawn("moons", 0, 10, loss="logistic"), 62.7),
    "logistic, engine": Case(drawn("moons", 3, 8, loss="logistic"), 20.0, constants=ENGINE),
    "logistic, a margin": Case(stored("beyond/logistic_00"), 100.0, level=0.05),
    # the other methods
    "gd": Case(partial(problems.five_points, 1e-2, 10), 50.0, "gd", learning_rate=0.02, twice=True),
    "gd, leaky": Case(drawn("gauss-leaky", 1, 8, weight_decay=0.01), 10.0, "gd", learning_rate=0.02),
    "gd, logistic": Case(
        drawn("moons", 1, 6, loss="logistic"), 30.0, "gd", learning_rate=0.02, halfway=1000
    ),
    "polar": Case(partial(problems.smooth, 6), 6.0, "polar"),
    "polar, kinks": Case(partial(problems.five_points, 0.1, 8), 20.0, "polar"),
    "polar, orthogonal": Case(drawn("orthogonal", 1, 10), 30.0, "polar", halfway=20, twice=True),
    "polar, logistic": Case(drawn("moons", 1, 6, loss="logistic"), 2.0, "polar"),
    "rk45": Case(partial(problems.smooth, 4, loss="mse"), 3.0, "rk45", halfway=4, twice=True),
    "dop853": Case(drawn("moons", 1, 6, loss="logistic"), 2.0, "dop853"),
    "radau": Case(partial(problems.smooth, 6), 6.0, "radau", halfway=4, twice=True),
    "radau, many unknowns": Case(
        partial(problems.smooth, 6, weight_decay=0.02, slope=0.1), 4.0, "radau", halfway=4,
        constants=((scipy_implicit, "LARGE", 1),),
    ),
    "bdf": Case(partial(problems.smooth, 4, loss="mse"), 3.0, "bdf", halfway=4),
    "bdf, many unknowns": Case(
        partial(problems.smooth, 6, loss="mse"), 2.0, "bdf", constants=((scipy_implicit, "LARGE", 1),)
    ),
    "lsoda": Case(partial(problems.smooth, 6, weight_decay=0.02), 6.0, "lsoda", halfway=4, twice=True),
    "lsoda, many unknowns": Case(
        partial(problems.smooth, 6), 4.0, "lsoda", constants=((scipy_lsoda, "LARGE", 1),)
    ),
}  # fmt: skip


def figures(case: Case) -> dict[str, Any]:
    """What is recorded of a flow."""
    problem = case.problem()
    options = Options(case.rtol, case.learning_rate)
    asked = case.end * np.arange(1, LOOKS + 1) / LOOKS
    steps: list[float] = []
    states: list[State] = []
    gradients: list[float] = []
    crossed: list[float] = []
    with counted() as counts, ExitStack() as patches:
        for constant in case.constants:
            patches.enter_context(mock.patch.object(*constant))
        solver = make_solver(case.method, problem, options)
        while solver.t < case.end and solver.failure is None:
            if solver.steps == case.halfway:
                saved, solver = solver.checkpoint(), make_solver(case.method, problem, options)
                solver.restore(saved)
            before = solver.loss
            outcome = solver.step(burst=1000, t_end=case.end)
            if case.twice:
                solver.take_back()
                outcome = solver.step(burst=1000, t_end=case.end)
            steps.append(solver.t)
            inside = asked[(solver.t_old < asked) & (asked <= solver.t)]
            step = solver.dense_output()
            states += step.states(inside)
            norms = step.gradient_norms(inside)
            gradients += [] if norms is None else norms[np.isfinite(norms)].tolist()
            crossed += [] if case.level is None else crossing_of(solver, case.level, before)
    told = {
        "steps": solver.steps,
        "t": steps[:: 1 + len(steps) // MOST_STEPS],
        **counts,
        "ended": [outcome.value, solver.failure, bool(solver.at_rest)],
        "events/count": solver.events,
        **of_events(solver.event_log),
        "loss": [problem.value(left(problem, state)) for state in states],
        "loss/range": list(solver.loss_range),
        "residual": summed(solver.residual),
        "gradient": gradients,
        "gradient/end": solver.gradient_norm,
        "weights": [of_weights(state) for state in states[OF_WEIGHTS - 1 :: OF_WEIGHTS]],
        "crossing": crossed,
    }
    return {name: rounded(value) for name, value in told.items()}


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """How often steps were tried by collocation, and neurons were moved along a path."""
    counts = {"tried": 0, "sweeps": 0}
    attempt, moved = CollocationStepper.attempt, sweep.sweep

    def tried(*arguments: Any) -> Any:
        counts["tried"] += 1
        return attempt(*arguments)

    def swept(*arguments: Any, **options: Any) -> Any:
        counts["sweeps"] += 1
        return moved(*arguments, **options)

    with (
        mock.patch.object(CollocationStepper, "attempt", tried),
        mock.patch.object(collocation_step, "sweep", swept),
        mock.patch.object(series_step, "sweep", swept),
    ):
        yield counts


def crossing_of(solver: FlowSolver, level: float, before: float) -> list[float]:
    """When a loss, or a margin, came to a level in the last step, and what is seen of that; else nothing."""
    problem = solver.problem
    if isinstance(problem.function, LabelLoss):
        found = margin_crossing(solver, level)
    else:
        found = crossing(solver, level, before)
    if found is None:
        return []
    cut = Cut(solver, found)
    half = cut.dense_output()(0.5 * (cut.t_old + cut.t))
    return [cut.t, cut.loss, float(cut.events), problem.value(left(problem, half))]


def of_events(events: Events) -> dict[str, Any]:
    """Each event and its time; of many the number of each kind, and sums of their times."""
    if len(events) <= MOST_EVENTS:
        # those of a bundle happen at one time, in an order that is rounding
        events = events.take(np.lexsort((events.t, events.sample, events.neuron)))
        names = [
            f"{Change(kind).name} {neuron} {sample}"
            for kind, neuron, sample in zip(events.kind, events.neuron, events.sample, strict=True)
        ]
        return {"events": names, "events/times": events.t.tolist()}
    kinds = {Change(kind).name: events.take(events.kind == kind) for kind in np.unique(events.kind)}
    numbers = {name: np.cos(1.0 + some.neuron + 0.1 * some.sample) for name, some in kinds.items()}
    return {
        "events": {name: len(some) for name, some in kinds.items()},
        "events/times": {name: float(numbers[name] @ some.t) for name, some in kinds.items()},
    }


def left(problem: Problem, state: State) -> Array:
    """The residual of a state."""
    return residuals(state.weights, state.output_weights, problem.inputs, problem.targets, problem.slope)


def of_weights(state: State) -> list[float]:
    """Sums over all neurons, however small, of their directions and of the logarithms of their sizes."""
    lengths, outputs = row_norms(state.weights), np.abs(state.output_weights)
    there = lengths > NOTHING * outputs
    directions = np.zeros_like(state.weights)
    directions[there] = state.weights[there] / lengths[there, None]
    return [*summed(directions), *summed(np.log(outputs, out=np.zeros_like(outputs), where=outputs > 0.0))]


def summed(values: Array) -> list[float]:
    """A sum of rows (k, ..) in which no two of them are alike."""
    return np.atleast_1d(np.cos(1.0 + np.arange(len(values))) @ values).tolist()


def rounded(value: Any) -> Any:
    """The same with as many digits as are recorded."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return {name: rounded(each) for name, each in value.items()} if isinstance(value, dict) else value


def recorded() -> dict[str, Measured]:
    """The record, by the names of cases."""
    cases = json.loads(RECORD.read_text(encoding="utf-8"))["cases"] if RECORD.exists() else {}
    return {name: Measured(name, entries, {}) for name, entries in cases.items()}


def measured(name: str) -> Measured:
    """What a case gives now."""
    return Measured(name, figures(CASES[name]), {})


def unlike(old: Measured, new: Measured) -> list[str]:
    """What is not as recorded, but for rounding, in words."""
    return [f"{each.name}: {each.words}" for each in differences(old, new, TOLERANCES) if not each.close]


def make() -> None:
    """Record all cases anew, then print what that changes."""
    old, new = recorded(), {name: measured(name) for name in CASES}
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(as_text(environment(), new), encoding="utf-8")
    for name, case in new.items():
        for words in unlike(old[name], case) if name in old else ["is new"]:
            print(f"{name}: {words[:WIDEST]}")


if __name__ == "__main__":
    if sys.argv[1:] != ["make"]:
        sys.exit(__doc__)
    make()
