"""Flows on which crossings were missed, or which are not the only solution of the equation.

The losses in ``cases/flow`` come from an independent event-driven integrator in 80-bit arithmetic. Where
several solutions exist the flow is the limit of plain descent as its rate goes to 0, which is not always the
one that the integrator took: there the flow is held against descent at two rates, extrapolated.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import reluflow
from reluflow.flow.events import Change
from reluflow.network import Array

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
from checked import ELSEWHERE, of_case, of_preset

CASES = Path(__file__).parent / "cases" / "flow"


def one_of_each(quick: list[str], others: list[str]) -> list:
    """Cases by name, of which the ``others`` are of a family that a quick one stands for."""
    return [*quick, *(pytest.param(name, marks=pytest.mark.slow) for name in others)]


#: the integrator takes the solution that is the limit of descent, or there is only one
AGREED = one_of_each(
    [
        "dominated-1", "domline-15", "grid-22",
        "held-1", "leaky-23", "onkink-6", "opposite-kink-3", "sliding-line-0",
        "zeroneurons-7",
    ],
    [
        "line-bias-5", "gauss-20", "gauss2-2", "gauss2-75",
        "grid-3", "grid-6", "grid-8", "held-0", "inscale-8",
        "inscale_mixed-2", "onkink-10", "onkink-19", "opposite-kink-7", "rankdef-9", "sizes-0", "unbal2-3",
    ],
)  # fmt: skip

#: a is zero while w slides, w comes to zero along a ray, or what holds a neuron on its kink changes its sign
#: where all else is fitted to rounding: descent takes one side or the other, by its rate
CHOICES = one_of_each(
    ["domline-5"],
    [
        "unbal2-7",
        "rankdef2-23",
        "unbal2-12",
        "unbal2-26",
        "unbalanced-1",
        "unbalanced-19",
        "fitted-elsewhere-1",
    ],
)

#: cases in which the integrator takes another solution: a time at which that shows, a rate of descent, and
#: the loss that descent at this rate and at half of it tends to
BY_DESCENT = [
    pytest.param("rankdef2-39", 63.64, 0.02, 0.04244627650, marks=pytest.mark.slow),
    pytest.param("rankdef2-33", 64.1, 0.02, 0.03074062666, marks=pytest.mark.slow),
    pytest.param("rankdef2-17", 59.1, 0.01, 1.434565841e-5, marks=pytest.mark.slow),
    ("onkink-12", 64.0, 0.004, 0.03632784574),
    ("dominated-12", 185.7, 0.01, 0.09021828986),
    pytest.param("domline-24", 109.7, 0.01, 0.1083537286, marks=pytest.mark.slow),
]


def case(name: str) -> dict[str, Array]:
    with np.load(CASES / f"{name}.npz") as stored:
        return dict(stored)


def flow(data: dict[str, Array], times: Array, rtol: float = 1e-6) -> reluflow.Trajectory:
    start = (data[key] for key in ("inputs", "targets", "weights", "output_weights"))
    return reluflow.simulate(*start, slope=float(data["slope"]), times=times, rtol=rtol)


@cache
def whole_flow(name: str) -> reluflow.Trajectory:
    """The flow of a case at all of its times, which several tests look at."""
    data = case(name)
    return flow(data, data["times"])


def largest_error(name: str) -> float:
    """Relative to the loss, or to 1e-9 of the first one."""
    data, trajectory = case(name), whole_flow(name)
    assert trajectory.t.size == data["times"].size
    given = np.isfinite(data["loss"])
    scale = np.maximum(data["loss"], 1e-9 * data["loss"][0])
    return float(np.max((np.abs(trajectory.loss - data["loss"]) / scale)[given]))


@pytest.mark.parametrize("name", AGREED)
def test_the_loss_is_that_of_an_independent_integrator(name: str) -> None:
    assert largest_error(name) < 1e-4


def test_weights_and_pre_activations_of_a_neuron_that_slides_stay_one() -> None:
    """A bundle grows along the one line that two kinks leave it, while the residuals cancel in its pull.

    What rounding turns it off that line stays for ever, in the residual of its weights alone.
    """
    data = case("sliding-line-0")
    end = flow(data, data["times"][-1:])
    hidden = np.maximum(end.weights[-1] @ data["inputs"].T, 0.0)
    residual = end.output_weights[-1] @ hidden - data["targets"]
    assert residual @ residual / (2 * residual.size) == pytest.approx(data["loss"][-1], rel=1e-4)


@pytest.mark.parametrize("name", one_of_each(["onkink-12", "dominated-12"], ["held-0"]))
def test_a_junction_that_descent_leaves_as_well_is_no_choice(name: str) -> None:
    assert Change.CHOICE not in whole_flow(name).events.kind


def at_two_tolerances(name: str) -> tuple[reluflow.Trajectory, reluflow.Trajectory]:
    """The flow at rtol 1e-6 and at 1e-8, whose losses agree."""
    data = case(name)
    coarse, fine = (flow(data, data["times"], rtol) for rtol in (1e-6, 1e-8))
    scale = np.maximum(fine.loss, 1e-9 * fine.loss[0])
    assert np.max(np.abs(coarse.loss - fine.loss) / scale) < 1e-3
    return coarse, fine


@pytest.mark.parametrize("name", one_of_each(["fitted-elsewhere-0"], ["fitted-elsewhere-2"]))
def test_where_all_that_pushes_is_fitted_the_exact_flow_has_one_way(name: str) -> None:
    """Only the mark depends on whether what pushes is above rounding, as it may be at one tolerance alone."""
    coarse, fine = at_two_tolerances(name)
    few, many = sorted(np.count_nonzero(of.events.kind == Change.CHOICE) for of in (coarse, fine))
    assert few < many


@pytest.mark.parametrize("name", CHOICES)
def test_what_descent_leaves_open_is_marked_and_does_not_depend_on_the_tolerance(name: str) -> None:
    coarse, fine = at_two_tolerances(name)
    chosen = [trajectory.events.kind == Change.CHOICE for trajectory in (coarse, fine)]
    assert chosen[0].any()
    assert np.all(coarse.events.sample[chosen[0]] == -1)
    # neurons of a bundle choose at one moment, in an order that is rounding
    one, other = (np.sort(of.events.neuron[which]) for of, which in zip((coarse, fine), chosen, strict=True))
    assert np.array_equal(one, other)


def descent(data: dict[str, Array], rate: float, time: float) -> float:
    """The half-mse loss of plain descent at a time."""
    x, y, slope = data["inputs"], data["targets"], float(data["slope"])
    w, a = data["weights"].copy(), data["output_weights"].copy()
    for _ in range(round(time / rate)):
        z = w @ x.T
        active = np.where(z > 0.0, 1.0, slope)
        pull = -(active * (a @ (z * active) - y)) @ x / y.size
        w, a = w + rate * a[:, None] * pull, a + rate * np.einsum("jd,jd->j", w, pull)
    z = w @ x.T
    residual = a @ (z * np.where(z > 0.0, 1.0, slope)) - y
    return float(residual @ residual / (2 * y.size))


def shown_at(data: dict[str, Array], time: float) -> int:
    """The place of a time among those of a case."""
    return int(np.argmin(np.abs(data["times"] - time)))


@pytest.mark.parametrize(("name", "time", "rate", "limit"), BY_DESCENT)
def test_the_flow_is_the_limit_of_descent(name: str, time: float, rate: float, limit: float) -> None:
    """At this time the other solution is away from it by more than ten times what is allowed here."""
    place = shown_at(case(name), time)
    other = case(name)["loss"][place]
    assert whole_flow(name).loss[place] == pytest.approx(limit, abs=0.2 * abs(other - limit))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "time", "rate", "limit"), BY_DESCENT)
def test_the_limit_of_descent_is_what_two_rates_of_it_say(
    name: str, time: float, rate: float, limit: float
) -> None:
    data = case(name)
    time = float(data["times"][shown_at(data, time)])
    assert 2.0 * descent(data, 0.5 * rate, time) - descent(data, rate, time) == pytest.approx(limit, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({path.stem for path in CASES.glob("*.npz")} - set(ELSEWHERE)))
def test_a_check_says_what_is_true(name: str) -> None:
    """Where it reports agreement to e the integrator is within 30 e, or it says that there are choices."""
    found = of_case(name)
    assert found.is_true, found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["first-steps", "leaky", "three-points", "wu-five-points", "neuron-centred"])
def test_a_check_of_a_preset_says_what_is_true(name: str) -> None:
    """Against the flow at rtol 1e-11."""
    found = of_preset(name)
    assert found.is_true, found
