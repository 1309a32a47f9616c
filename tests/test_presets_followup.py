"""The presets of the follow-up settings end where their notes say, and no prediction fails on them."""

from functools import cache

import numpy as np
import pytest

from reluflow.network import row_norms, variation_norm
from reluflow.observe.departure import departure
from reluflow.observe.plateaus import find_saddles
from reluflow.observe.quantities import live
from reluflow.store.locations import shipped_presets
from reluflow.store.preset import Preset, load_preset
from reluflow.training.measuring import train
from reluflow.training.training import Training
from reluflow.verification import Row, all_hold, verify

JUDGED = ("three-points", "orthogonal-mild-width", "unbalanced")
QUICK = (*JUDGED, "wu-five-points")
FITTED = ("unbalanced", "symmetric", "lazy-to-rich")
LONG = ("wu-five-points", "symmetric", "simplicity-bias", "piecewise", "lazy-to-rich")


def shipped(name: str, **changes: object) -> Preset:
    """A shipped preset, whatever presets the user of this machine has; ``init__seed`` is init.seed."""
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    return load_preset(str(shipped_presets() / f"{name}.toml"), overrides)


@cache
def end(name: str, **changes: object) -> Training:
    """Its run to the end, which tests only look at."""
    training = Training.from_preset(shipped(name, **changes))
    while training.status == "running":
        training.advance(seconds=10.0)
    return training


@cache
def judged(name: str) -> list[Row]:
    """Every row of a preset's run."""
    return verify(train(shipped(name)))


def saddles(training: Training) -> list[tuple[float, float | None]]:
    found = find_saddles(training.recorder.series, settled=training.status == "converged")
    return [(saddle.loss, saddle.end) for saddle in found]


@pytest.mark.parametrize("name", [*JUDGED, *(pytest.param(name, marks=pytest.mark.slow) for name in LONG)])
def test_no_prediction_fails(name):
    rows = judged(name)
    assert all_hold(rows), [row for row in rows if row.holds is False]
    assert sum(row.applies for row in rows) >= 3


@pytest.mark.parametrize(
    "name",
    [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in ("simplicity-bias", "symmetric"))],
)
def test_each_reaches_its_stated_end(name):
    training = end(name)
    assert training.status == ("converged" if name in FITTED else "stationary")
    assert training.reached_goal


@pytest.mark.parametrize("seed", range(3))
def test_three_points_end_at_the_best_line_with_one_bundle(seed):
    training = end("three-points", init__seed=seed)
    problem, state = training.problem, training.solver.state
    line = np.linalg.lstsq(problem.inputs, problem.targets, rcond=None)[1][0] / 6.0
    assert line == pytest.approx(0.0875213675, abs=1e-10)
    assert training.solver.loss == pytest.approx(line, rel=1e-8)
    members = live(state, problem)
    assert np.all(np.abs(state.output_weights[members]) > 1e-3)
    directions = state.weights[members] / row_norms(state.weights[members])[:, None]
    assert np.ptp(directions, axis=0).max() < 1e-3


def test_three_points_name_their_end_a_spurious_minimum():
    rest = next(row for row in judged("three-points") if row.id == "general/rest")
    assert rest.applies
    assert rest.holds


def test_wu_five_points_rest_at_the_published_losses():
    (first, second, last) = saddles(end("wu-five-points"))
    assert [first[0], second[0], last[0]] == pytest.approx([0.01906, 0.01394, 0.00938], abs=5e-6)
    assert first[1] == pytest.approx(135.0, abs=1.0)
    assert second[1] == pytest.approx(1407.0, rel=5e-3)
    assert last[1] is None


def test_wu_five_points_have_the_published_deviations():
    problem = shipped("wu-five-points", network__width=20_000, init__scale=50.0**-3 * 20_000**0.5).problem()
    assert np.std(problem.weights) == pytest.approx(50.0**-3, rel=0.02)
    assert np.std(problem.output_weights) == pytest.approx(50.0**-3, rel=0.02)
    assert shipped("wu-five-points").values["init.scale"] == pytest.approx(50.0**-3 * 50.0**0.5)


def test_mild_width_leaves_one_sample_out_and_twelve_neurons_none():
    training = end("orthogonal-mild-width")
    targets, residual = training.problem.targets, training.solver.residual
    assert np.flatnonzero(np.abs(residual) > 1e-3).tolist() == [6]
    assert training.solver.loss == pytest.approx(targets[6] ** 2 / 20.0, rel=1e-6)
    wider = end("orthogonal-mild-width", network__width=12, stop__loss=1e-9)
    assert wider.status == "converged"


def test_unbalanced_keeps_its_imbalance_and_changes_signs():
    training = end("unbalanced")
    problem, state = training.problem, training.solver.state
    start = problem.output_weights**2 - row_norms(problem.weights) ** 2
    kept = state.output_weights**2 - row_norms(state.weights) ** 2
    assert kept == pytest.approx(start, abs=1e-13)
    assert np.count_nonzero(np.sign(state.output_weights) != np.sign(problem.output_weights)) == 11
    assert variation_norm(state.weights, state.output_weights) == pytest.approx(1.3416, abs=1e-4)
    balanced = end("unbalanced", init__kind="balanced")
    after = balanced.solver.state.output_weights
    assert np.array_equal(np.sign(after), np.sign(balanced.problem.output_weights))


@pytest.mark.slow
def test_simplicity_bias_is_two_neurons():
    training = end("simplicity-bias")
    problem, state = training.problem, training.solver.state
    outputs, total = np.zeros(problem.samples), 0.0
    for sign in (1.0, -1.0):
        members = np.sign(state.output_weights) == sign
        bundle = state.output_weights[members] @ state.weights[members]
        outputs += sign * np.maximum(problem.inputs @ (sign * bundle), 0.0)
        total += float(np.linalg.norm(bundle))
    two = float(np.mean((outputs - problem.targets) ** 2)) / 2.0
    assert two == pytest.approx(training.solver.loss, rel=1e-4)
    assert total == pytest.approx(variation_norm(state.weights, state.output_weights), rel=1e-3)
    line = np.linalg.lstsq(problem.inputs, problem.targets, rcond=None)[1][0] / (2 * problem.samples)
    assert 0.9 * line < training.solver.loss < line


def test_symmetric_falls_to_half_when_its_notes_say():
    series = end("symmetric").recorder.series
    half = np.interp(-0.5 * series["loss"][0], -series["loss"], series["t"])
    assert half == pytest.approx(35.4, abs=0.1)


@pytest.mark.slow
def test_lazy_to_rich_tells_its_numbers():
    """Held-out loss and kernel distance by scale; the smallest scale of the notes takes long."""
    assert end("lazy-to-rich").recorder.series["held_out_loss"][[0, -1]] == pytest.approx(
        [0.029, 0.0095], rel=0.02
    )
    for scale, delta, turned, held_out in ((1.0, 0.0, 0.0128, 0.0075), (0.1, -1.0, 7.55e-5, 0.011)):
        training = end("lazy-to-rich", init__scale=scale, init__delta=delta)
        distance = departure(training.solver.state, training.problem)["kernel_distance"]
        assert distance == pytest.approx(turned, rel=0.05)
        assert training.recorder.series["held_out_loss"][-1] == pytest.approx(held_out, rel=0.02)


def test_piecewise_is_the_published_target():
    problem = shipped("piecewise").problem()
    assert (problem.samples, problem.width, problem.dimension) == (40, 2000, 2)
    knots = np.array(shipped("piecewise").values["data.knots"])
    assert problem.targets == pytest.approx(np.interp(problem.inputs[:, 0], knots[:, 0], knots[:, 1]))
    assert np.std(problem.weights) * 2000**0.5 == pytest.approx(1e-3, rel=0.05)


@pytest.mark.slow
def test_piecewise_stays_above_zero():
    training = end("piecewise")
    assert training.status == "stationary"
    assert training.solver.loss == pytest.approx(0.0019634519, rel=1e-3)
    levels = [loss for loss, _ in saddles(training)]
    assert levels[-3:] == pytest.approx([0.01961, 0.01037, 0.00196], rel=1e-2)
