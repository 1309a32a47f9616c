"""Extremal directions, their basins and counts: against trained networks, and as the command lists them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from commands import call, one_sentence
from problems import balanced, five_points, toy, with_bias
from trained import trained

from reluflow.errors import ProblemError
from reluflow.network import activation, row_norms
from reluflow.observe.measured import state_at
from reluflow.problem import Problem
from reluflow.theory import directions as module
from reluflow.theory import rate_bounds
from reluflow.theory.directions import directions

THREE = with_bias([-0.75, -0.5, 0.125]), [1.1, 0.1, 0.8]


def three_points(scale=1e-6, width=60, seed=0):
    return balanced(*THREE, width, scale, seed)


class TestCounts:
    @pytest.mark.parametrize("problem", [three_points(1e-30), toy(1e-30, 30), five_points(1e-30)])
    def test_neurons_are_there_by_the_end_of_the_plateau(self, problem):
        found = directions(problem)
        run = trained(problem, loss=1e-3, time=5000.0)
        late = state_at(run.snapshots, 0.8 * run.saddles[0].end)
        weights = late.weights / row_norms(late.weights)[:, None]
        assert sum(len(one.neurons) for one in found.found) >= 10
        for one in found.found:
            assert np.all(np.sign(late.output_weights[list(one.neurons)]) == one.sign)
            gaps = row_norms(weights[list(one.neurons)] - one.direction)
            assert np.max(gaps, initial=0.0) < 0.1
        later = directions(problem, late)
        assert [one.aligned for one in later.found] == [len(one.neurons) for one in later.found]
        assert [one.aligned for one in later.found] == [len(one.neurons) for one in found.found]

    def test_every_neuron_is_in_one_basin_or_accounted_for(self):
        for seed in range(5):
            rng = np.random.default_rng(seed)
            problem = balanced(rng.normal(size=(6, 3)), rng.normal(size=6), 40, 1e-6, seed)
            found = directions(problem)
            inside = sorted(j for one in found.found for j in one.neurons)
            assert len(set(inside)) == len(inside)
            assert len(inside) + found.idle + found.fading + found.large == found.followed == 40

    def test_how_many_there_are_does_not_depend_on_the_width(self):
        narrow, wide = (directions(five_points(width=width)) for width in (3, 300))
        assert [one.rate for one in narrow.found] == pytest.approx([one.rate for one in wide.found])
        assert sum(len(one.neurons) for one in wide.found) > 50

    def test_basins_are_the_shares_of_a_wide_network(self):
        found = directions(five_points(width=20_000))
        for one in found.found:
            share = len(one.neurons) / 10_000  # half of them have that sign
            assert abs(share - one.basin) < 4.0 * one.basin_error + 0.02

    def test_all_local_maxima_on_the_circle_are_found_and_no_others(self):
        for seed in range(4):
            rng = np.random.default_rng(seed)
            inputs, targets = rng.normal(size=(7, 2)), rng.normal(size=7)
            turn = np.linspace(-np.pi, np.pi, 400_001)[:-1]
            hidden = activation(np.column_stack([np.cos(turn), np.sin(turn)]) @ inputs.T, 0.0)
            found = directions(Problem(inputs, targets, np.full((1, 2), 1e-9), [1e-9]))
            for sign in (1, -1):
                g = sign * (hidden @ targets) / 7
                tops = np.flatnonzero((g > np.roll(g, 1)) & (g > np.roll(g, -1)) & (g > 0.0))
                rates = [one.rate for one in found.found if one.sign == sign and one.maximum]
                np.testing.assert_allclose(sorted(rates), np.sort(g[tops]), rtol=1e-4)


class TestWords:
    def test_at_a_spurious_minimum_nothing_is_available(self):
        run = trained(three_points(), time=2000.0)
        found = directions(run.problem, run.final)
        assert found.exact
        assert found.gamma_available == 0.0
        assert found.gamma_all.low > 0.01
        assert found.large == sum(len(one.neurons) for one in directions(run.problem).found)

    def test_where_all_is_fitted_there_are_none(self):
        run = trained(toy(width=30), loss=1e-9)
        found = directions(run.problem, run.final)
        assert found.fitted
        assert found.found == ()
        assert found.large + found.idle == 30

    def test_rates_double_and_times_halve_for_mse(self):
        half, full = (directions(toy(loss=loss)) for loss in ("half-mse", "mse"))
        for one, two in zip(half.found, full.found, strict=True):
            assert two.rate == pytest.approx(2.0 * one.rate)
            assert two.escape == pytest.approx(0.5 * one.escape)

    def test_neurons_that_never_see_an_orthogonal_sample_are_at_no_maximum(self):
        weights = 1e-6 * np.array([[1.0, 1.0], [1.0, -1.0]])
        found = directions(Problem(np.eye(2), [1.0, 1.0], weights, row_norms(weights)))
        both, alone = (next(one for one in found.found if one.neurons == (j,)) for j in (0, 1))
        assert both.maximum
        assert not alone.maximum
        np.testing.assert_allclose(alone.direction, [1.0, 0.0], atol=1e-12)

    def test_what_is_too_large_for_an_exact_answer_is_bounded(self, monkeypatch):
        rng = np.random.default_rng(0)
        problem = balanced(rng.normal(size=(30, 20)), rng.normal(size=30), 10, 1e-6)
        found = directions(problem)
        assert not found.exact
        assert found.gamma_all.exact
        monkeypatch.setattr(rate_bounds, "BRANCH", replace(rate_bounds.BRANCH, work=1e5))
        bounded = directions(problem)
        assert bounded.gamma_all.low <= found.gamma_all.low < bounded.gamma_all.high
        assert found.gamma_all.low >= found.gamma_available > 0.0

    def test_of_a_network_too_wide_a_part_is_followed(self, monkeypatch):
        whole = directions(five_points(width=2000))
        monkeypatch.setattr(module, "RULES", replace(module.RULES, work=50 * 2000))
        part = directions(five_points(width=2000))
        assert (part.followed, part.drawn, part.width) == (1200, 400, 2000)
        assert part.found[0].escape == pytest.approx(whole.found[0].escape, rel=0.01)

    def test_too_many_samples_are_refused(self, monkeypatch):
        monkeypatch.setattr(module, "RULES", replace(module.RULES, work=49 * 50))
        with pytest.raises(ProblemError, match=r"5 samples in 2 dimensions are too many .* at most 49"):
            directions(five_points())


class TestCommand:
    def test_it_lists_the_start_of_a_preset(self):
        result = call("directions", "orthogonal-toy")
        assert result.exit_code == 0
        assert "t = 0, the start" in result.stdout
        assert "at (0.8944, 0.4472)" in result.stdout
        assert "2 extremal direction(s): exact" in result.stdout

    def test_json_has_every_neuron(self):
        result = call("directions", "three-points", "--json", "--set", "network.width=200")
        found = json.loads(result.stdout)
        (only,) = found["directions"]
        assert only["sign"] == 1
        assert only["rate"] == found["gamma_available"]
        assert len(only["neurons"]) + found["idle"] + found["fading"] == 200

    def test_against_weight_decay_the_fastest_growth_is_held(self, tmp_path):
        folder, changes = (
            str(tmp_path / "run"),
            ("--set", "network.width=4", "--set", "solver.weight_decay=0.02"),
        )
        assert call("run", "decay-orthogonal", *changes, "--out", folder, "--quiet").exit_code == 0
        text = " ".join(call("directions", folder, "--at", "end").stdout.split())
        assert "The weight decay, 0.02, is not taken off these rates." in text
        assert "if it is at rest, this is a global minimum of the objective." in text

    def test_a_run_is_looked_at_when_asked(self, tmp_path):
        folder = str(tmp_path / "run")
        assert call("run", "three-points", "--out", folder, "--quiet").exit_code == 0
        text = call("directions", folder, "--at", "end").stdout
        assert "this is a spurious local minimum" in " ".join(text.split())
        early = json.loads(call("directions", folder, "--at", "15", "--json").stdout)
        assert 5.0 < early["t"] <= 15.0
        assert early["directions"][0]["aligned"] == 20
        assert json.loads(call("directions", folder, "--json").stdout)["t"] == 0.0
        for bad in ("-1", "1e9", "nan", "soon"):
            result = call("directions", folder, f"--at={bad}")
            assert result.exit_code == 2
            assert one_sentence(result.stderr)
            assert "expected 'end', or a flow time from 0 to" in result.stderr

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["three-points", "--at", "1"], "is a preset, of which there is only a start"),
            (["nowhere"], 'there is no preset "nowhere"'),
            (["three-points", "--set", "network.width=0"], "network.width"),
        ],
    )
    def test_what_cannot_be_listed_is_said_in_one_sentence(self, words, sentence):
        result = call("directions", *words)
        assert result.exit_code == 2
        assert one_sentence(result.stderr)
        assert sentence in result.stderr


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_what_no_neuron_can_fit_is_no_saddle_and_no_failure(tmp_path, scale):
    """A sample that is zero keeps its loss: the run, its predictions and its directions say the same."""
    preset = tmp_path / "zero.toml"
    preset.write_text(
        '[data]\nkind = "points"\ninputs = [[0.0], [1.0]]\ntargets = [1.0, 0.5]\n[network]\nwidth = 8\n'
        f"[init]\nscale = {scale}\nseed = 2\n[stop]\nloss = 1e-9\ntime = 1e5\n"
    )
    run = tmp_path / "run"
    ended = call("run", str(preset), "--out", str(run), "--quiet")
    assert "global minimum" in " ".join(ended.stdout.split() + ended.stderr.split())
    assert call("verify", str(run)).exit_code == 0
    assert "Nothing that is left can be fitted" in call("directions", str(run), "--at", "end").stdout
