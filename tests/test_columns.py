"""The published columns, the points that are held out, and the table that ``info`` writes of them."""

import csv

import numpy as np
import pytest
from commands import call

import reluflow
from reluflow.data.datasets import build_data
from reluflow.data.held_out import held_out
from reluflow.flow import make_solver
from reluflow.flow.base import State
from reluflow.network import loss_of, residuals, row_norms
from reluflow.observe.columns import groups, published_columns


def made(name: str, **changes):
    preset = reluflow.load_preset(name, {key.replace("__", "."): value for key, value in changes.items()})
    return preset, build_data(preset.values, preset.folder)


class TestHeldOut:
    @pytest.mark.parametrize(
        ("name", "sizes"),
        [("neuron-centred-10", (10, 3, 10, 40)), ("two-teachers", (20, 3, 10, 40))],
    )
    def test_numbers_of_points_are_the_published_ones(self, name, sizes):
        preset, data = made(name)
        assert tuple(len(targets) for _, targets in held_out(preset.values, data).values()) == sizes

    def test_targets_are_the_teachers_and_points_are_new(self):
        preset, data = made("two-teachers")
        points, targets = held_out(preset.values, data)["test"]
        one, other = (np.maximum(points @ neuron, 0.0) for neuron in data.teacher)
        np.testing.assert_allclose(targets, one - other, atol=1e-12)
        assert np.min(np.abs(points[:, None] - data.inputs[None]).max(axis=2)) > 1e-3

    def test_test_points_lie_around_the_centre_and_outside_ones_do_not(self):
        preset, data = made("neuron-centred", data__samples=400)
        sets = held_out(preset.values, data)
        assert np.mean(sets["test"][1] > 0.0) > 0.99
        assert np.mean(sets["outside_400"][1] > 0.0) == pytest.approx(0.5, abs=0.1)

    def test_typed_points_have_none(self):
        preset, data = made("first-steps")
        assert held_out(preset.values, data) == {}


class TestColumns:
    def test_they_are_what_they_say(self):
        preset, data = made("neuron-centred-10", init__scale=0.3)
        problem = preset.problem()
        solver = make_solver("lorentz", problem)
        solver.step(t_end=0.5)
        while solver.t < 0.5:
            solver.step(t_end=0.5)
        points = held_out(preset.values, data)
        found = published_columns(solver.state, problem, data.teacher[0], points)
        state, plus = solver.state, groups(problem)["plus"]
        bundle = state.output_weights[plus] @ state.weights[plus]
        assert found["distance_to_teacher"] == pytest.approx(np.linalg.norm(data.teacher[0] - bundle))
        left = [found[f"left_{k}"] for k in range(1, 11)]
        assert np.linalg.norm(left) == pytest.approx(found["distance_to_teacher"])
        inputs, targets = points["outside_40"]
        outside = loss_of(residuals(state.weights, state.output_weights, inputs, targets), "mse")
        assert found["outside_40_loss"] == pytest.approx(outside)
        assert found["nonzero_predictions"] == 10
        # rates, against the flow itself
        solver.step(t_end=0.5 + 1e-4)
        lapse = solver.t - state.t
        grown = (row_norms(solver.state.weights) - row_norms(state.weights)) / lapse
        assert found["length_rate_plus_max"] == pytest.approx(np.max(grown[plus]), rel=1e-2)
        unit, after = (one.weights / row_norms(one.weights)[:, None] for one in (state, solver.state))
        turned = row_norms(after - unit) / lapse
        assert found["turn_rate_plus_mean"] == pytest.approx(np.mean(turned[plus]), rel=1e-2)

    def test_groups_are_fixed_by_the_start(self):
        problem = made("neuron-centred-10")[0].problem()
        before = groups(problem)
        dead = State(1.0, np.zeros_like(problem.weights), np.zeros_like(problem.output_weights))
        found = published_columns(dead, problem)
        assert found["samples_seen_plus"] == 0.0
        assert np.count_nonzero(before["plus"]) > 1
        assert "distance_to_teacher" not in found


def test_info_writes_a_table_of_every_state(tmp_path):
    run = tmp_path / "run"
    assert (
        call("run", "neuron-centred-10", "--quiet", "--set", "stop.loss=0.1", "--out", str(run)).exit_code
        == 0
    )
    table = tmp_path / "columns.csv"
    assert call("info", str(run), "--columns", str(table)).exit_code == 0
    with table.open() as file:
        rows = list(csv.DictReader(file))
    opened = reluflow.open_run(run)
    assert len(rows) == len(opened.snapshots.t)
    assert float(rows[-1]["loss"]) == pytest.approx(float(opened.loss[-1]))
    refused = call("info", str(run), "--columns", str(tmp_path / "columns.txt"))
    assert refused.exit_code == 2
    assert "expected a file that ends in .csv" in refused.stderr
