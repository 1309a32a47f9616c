"""Angles between the neurons of a sign, and of their sum to where it is drawn."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from reluflow.errors import ReluflowError
from reluflow.figures.choices import Clock
from reluflow.figures.look import legend_above
from reluflow.figures.scales import logarithmic_height, time_axis
from reluflow.figures.shown import stacked, units
from reluflow.flow.base import State
from reluflow.network import Array
from reluflow.observe.columns import groups
from reluflow.observe.quantities import angle, spread
from reluflow.store.run_record import RunRecord


def angles(axes: Axes, run: RunRecord, clock: Clock = "time") -> None:
    """Angles over flow time, in degrees, from chords.

    Largest and mean between the neurons with a_j > 0, and with a_j < 0, that saw a sample at the start; of
    the sum v of a_j w_j over the former to gamma = X'y, and to the teacher where there is one.
    """
    times, _, _ = stacked(run)
    unit, words = units(run, clock)
    known = {label: values for label, values in _angles(run).items() if np.any(values > 0.0)}
    if not known:
        raise ReluflowError(
            f"{run.path}: found no two neurons of one sign that see a sample at the start; expected angles"
        )
    for label, values in known.items():
        axes.plot(times / unit, values, label=label)
    axes.set_ylabel("angle (°)")
    logarithmic_height(axes)
    time_axis(axes, clock, words)
    legend_above(axes, 2)


def _angles(run: RunRecord) -> Mapping[str, Array]:
    problem = run.problem
    teacher = run.data.teacher
    both = groups(problem)
    found: dict[str, list[float]] = {}
    for t, weights, outputs in zip(*stacked(run), strict=True):
        state = State(float(t), weights, outputs)
        for name, sign in (("plus", ">"), ("minus", "<")):
            widest, mean = spread(state.weights[both[name]])
            found.setdefault(f"largest, $a_j {sign} 0$", []).append(widest)
            found.setdefault(f"mean, $a_j {sign} 0$", []).append(mean)
        # the products of tiny weights would underflow, and angles do not know of sizes
        bundle = _over_largest(outputs[both["plus"]]) @ _over_largest(weights[both["plus"]])
        found.setdefault(r"$v$ to $\gamma$", []).append(angle(bundle, problem.targets @ problem.inputs))
        if teacher is not None:
            found.setdefault("$v$ to $v^*$", []).append(angle(bundle, teacher[0]))
    return {label: np.array(values) for label, values in found.items()}


def _over_largest(values: Array) -> Array:
    largest = float(np.max(np.abs(values), initial=0.0))
    return values / largest if largest > 0.0 else values
