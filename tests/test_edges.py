"""What lies between two outcomes: bisection of paths, saddles and kinks on the boundary."""

import json
import math
import shutil
from functools import cache
from pathlib import Path
from unittest.mock import create_autospec

import numpy as np
import pytest
from commands import call, one_sentence
from docstrings import failures

import reluflow
from reluflow.errors import EdgeError
from reluflow.flow.base import Options, State
from reluflow.network import imbalance, row_norms
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.sweep.edges.following import Pair
from reluflow.sweep.edges.outcomes import Endings, Outcome, StoppedError
from reluflow.sweep.edges.paths import Path as ProblemPath
from reluflow.sweep.edges.paths import mixture, path_between
from reluflow.sweep.edges.saddles import resting_saddle
from reluflow.sweep.edges.tracking import bisected, track

ENDINGS = Endings("lorentz", Options(), 1e-9)
#: what ``each_run_solved_once`` has found
ENDED: dict[tuple, Outcome] = {}
#: two orthogonal samples that two positive neurons fit if both are seen
ORTHOGONAL = """
[data]
kind = "points"
inputs = [[1.0, 0.0], [0.0, 1.0]]
targets = [1.0, 1.0]

[init]
kind = "file"
path = "{path}"

[solver]
loss = "half-mse"

[stop]
loss = 1e-9
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture
def each_run_solved_once(monkeypatch):
    """Tests of the same two presets halve the same path, whose runs the first of them solves."""
    solve = Endings.__call__

    def remembered(endings, problem):
        arrays = (problem.inputs, problem.targets, problem.weights, problem.output_weights)
        of = (endings.method, repr(endings.options), endings.level, problem.loss, problem.weight_decay)
        key = (*of, *(each.tobytes() for each in arrays))
        if key not in ENDED:
            ENDED[key] = solve(endings, problem)
        return ENDED[key]

    monkeypatch.setattr(Endings, "__call__", remembered)


def balanced(weights):
    weights = np.array(weights)
    return weights, row_norms(weights)


def written(name, weights):
    """A preset file of the orthogonal samples with this balanced start."""
    hidden, outputs = balanced(weights)
    np.savez(f"{name}.npz", weights=hidden, output_weights=outputs)
    Path(f"{name}.toml").write_text(ORTHOGONAL.format(path=f"{name}.npz"))
    return f"{name}.toml"


LABELS = {"solver.loss": "logistic", "data.targets": [-1.0, 1.0, 1.0], "stop.loss": 0.1}
#: the second neuron sees sample 1 or does not: its <w, x_1> is zero at 0.3 of the way
SEEN, UNSEEN = [[0.01, -0.02], [0.01, 0.006]], [[0.01, -0.02], [0.01, -0.014]]


class TestPaths:
    def test_one_number_of_a_list_is_a_path(self):
        one = load_preset("edge-caught")
        path = path_between(one, one.with_values({"data.targets": [-1.0, 1.0, 0.75]}))
        assert (path.what, path.first, path.last) == ("data.targets (number 3)", 0.5, 0.75)
        np.testing.assert_array_equal(path.problem(0.625).targets, [-1.0, 1.0, 0.625])
        assert path.between(0.5, 0.75) == 0.625
        inputs = [[1.0, 0.0], [-0.35, 0.25], [-0.65, -0.75]]
        nested = path_between(one, one.with_values({"data.inputs": inputs}))
        assert nested.what == "data.inputs (row 2, number 2)"
        assert nested.problem(0.3).inputs[1, 1] == 0.3

    def test_scales_are_halved_by_their_logarithm(self):
        path = path_between(*(load_preset("edge-caught", {"init.scale": each}) for each in (1e-8, 1e-2)))
        assert path.what == "init.scale"
        assert path.between(1e-8, 1e-2) == pytest.approx(1e-5)
        assert path.between(1.0, math.nextafter(1.0, 2.0)) is None

    def test_starts_are_mixed_with_what_the_flow_keeps(self):
        """Hidden weights and a^2 - |w|^2 are linear in the share, at any size, and signs stay."""
        rng = np.random.default_rng(0)
        signs, sizes = np.array([1.0, -1.0, -1.0]), np.array([1.0, 1e-8, 1e-200])
        problems = []
        for _ in range(2):
            weights = rng.normal(size=(3, 2)) * sizes[:, None]
            outputs = signs * np.sqrt(row_norms(weights / sizes[:, None]) ** 2 + rng.random(3)) * sizes
            problems.append(Problem(np.eye(2), [1.0, 1.0], weights, outputs))
        path = mixture(problems[0], *problems, "the start")
        mixed = path.problem(0.25)
        np.testing.assert_allclose(mixed.weights, 0.75 * problems[0].weights + 0.25 * problems[1].weights)
        assert np.all(np.sign(mixed.output_weights) == signs)
        first, last, found = (
            imbalance(each.weights / sizes[:, None], each.output_weights / sizes)
            for each in (*problems, mixed)
        )
        np.testing.assert_allclose(found, 0.75 * first + 0.25 * last, rtol=1e-12)
        for share in (0, 1):
            np.testing.assert_array_equal(path.problem(float(share)).weights, problems[share].weights)

    def test_a_mixture_of_balanced_starts_is_balanced(self):
        problems = [Problem(np.eye(2), [1.0, 1.0], *balanced(each)) for each in (SEEN, UNSEEN)]
        assert mixture(problems[0], *problems, "the start").problem(0.7).is_balanced(1e-15)

    def test_a_neuron_that_would_need_an_imaginary_output_weight_is_refused(self):
        problems = [Problem([[1.0]], [1.0], [[side]], [0.1]) for side in (1.0, -1.0)]
        with pytest.raises(EdgeError, match="neuron 0 of a mixture"):
            mixture(problems[0], *problems, "the start").problem(0.5)


def outcomes(loss):
    return lambda place: Outcome("stationary", "", loss(place), 1.0, 1e-9)


class TestBisection:
    PATH = ProblemPath("x", 0.0, 1.0, lambda place: place)

    def test_a_jump_is_found_to_rounding(self):
        found = bisected(self.PATH, outcomes(lambda x: 0.1 + 0.1 * x + 0.7 * (x < 0.7)))
        assert found.one < 0.7 <= found.other
        assert math.nextafter(found.one, 1.0) == found.other
        assert found.ends[0].loss == pytest.approx(0.87)

    def test_of_several_outcomes_the_largest_jump_is_kept(self):
        found = bisected(self.PATH, outcomes(lambda x: 1.0 if x < 0.4 else 0.9 if x < 0.6 else 1e-3))
        assert found.one < 0.6 <= found.other

    def test_an_outcome_that_changes_continuously_has_no_boundary(self):
        with pytest.raises(EdgeError, match="changes continuously"):
            bisected(self.PATH, outcomes(lambda x: 0.1 + x))

    def test_fits_are_one_outcome(self):
        with pytest.raises(EdgeError, match="both ends have one outcome"):
            bisected(self.PATH, outcomes(lambda x: 1e-9 * (0.1 + 0.9 * x)))


@cache
def shipped_edge():
    """The boundary between the two presets that are shipped for it, at a tolerance that will do."""
    rough = {"solver.rtol": 1e-4}
    return reluflow.edge_between(*(load_preset(name, rough) for name in ("edge-caught", "edge-missed")))


class TestEdges:
    def test_the_example_of_its_docstring_holds(self, monkeypatch):
        edge, asked = shipped_edge(), []
        with monkeypatch.context() as patched:
            told = create_autospec(reluflow.edge_between, side_effect=lambda *of: asked.append(of) or edge)
            told.__doc__ = reluflow.edge_between.__doc__
            patched.setattr(reluflow, "edge_between", told)
            assert failures("edge_between") == ""
        assert [one.to_toml() for one in asked[0]] == [
            load_preset(name).to_toml() for name in ("edge-caught", "edge-missed")
        ]

    def test_a_neuron_that_shrinks_for_ever_is_the_saddle_between_two_outcomes(self):
        """It is pushed straight back from sample 0, at the rate |y_0| |x_0| / 3."""
        edge = shipped_edge()
        assert edge.kind == "saddle"
        assert [round(each.loss, 6) for each in edge.outcomes] == [0.166667, 0.333333]
        assert len(edge.bisections) == 3
        assert all(each.gap < 1e-9 for each in edge.bisections)
        for each in edge.bisections[1:]:
            assert each.rate == pytest.approx(1.0 / 3.0, rel=1e-6)
            assert each.loss == pytest.approx(1.0 / 3.0, rel=1e-6)
        for one, other in zip(edge.bisections, edge.bisections[1:], strict=False):
            assert other.began == one.parted
            together = other.parted - other.began
            assert together == pytest.approx(3.0 * math.log(1e-3 / other.gap), rel=0.05)
        saddle, problem = edge.saddle, edge.sides[0]
        assert (saddle.deciding, saddle.shrinking) == ((0,), (0,))
        assert saddle.kind == "saddle that the flow does not leave"
        assert saddle.gamma_all.exact
        second = problem.inputs[1]
        assert saddle.gamma_all.low == pytest.approx(np.linalg.norm(second) / 3.0, rel=1e-9)
        grows, dies = saddle.escapes
        assert grows[0].rate == pytest.approx(saddle.gamma_all.low, rel=1e-9)
        np.testing.assert_allclose(grows[0].direction, second / np.linalg.norm(second), atol=1e-9)
        assert (dies[0].rate, dies[0].direction) == (0.0, None)

    @pytest.mark.usefixtures("each_run_solved_once")
    def test_on_orthogonal_data_the_boundary_is_a_kink(self):
        problems = [Problem(np.eye(2), [1.0, 1.0], *balanced(each)) for each in (SEEN, UNSEEN)]
        edge = track(mixture(problems[0], *problems, "the start"), ENDINGS)
        assert (edge.kind, edge.saddle, len(edge.bisections)) == ("kink", None, 1)
        assert edge.at == pytest.approx(0.3, abs=1e-9)
        assert (edge.kink.neuron, edge.kink.sample) == (1, 1)
        assert edge.kink.t < 1e-3
        assert edge.kink.v_on == pytest.approx(0.01 * 1.0 / 2.0, rel=1e-2)
        assert edge.kink.v_off == 0.0
        assert "a kink, of sample 2 for neuron 1" in edge.sentence
        assert edge.outcomes[0].fits
        assert not edge.outcomes[1].fits

    @pytest.mark.parametrize(("loss", "level"), [("half-mse", 0.333334856), ("logistic", 0.46310723)])
    def test_with_weight_decay_a_saddle_is_where_the_rest_slides_to(self, loss, level):
        """A tiny neuron is pulled straight back from sample 1, and the other one has fitted sample 3."""
        inputs = [[1.0, 0.0], [-0.35, 0.95], [-0.65, -0.75]]
        weights, outputs = balanced([[1e-9, 0.0], [-0.46, -0.53]])
        labels = [-1.0, 1.0, 0.5 if loss == "half-mse" else 1.0]
        problem = Problem(inputs, labels, weights, outputs, loss=loss, weight_decay=1e-3)
        turned = weights + np.array([[0.0, 1e-12], [0.0, 0.0]])
        pair = Pair(50.0, State(50.0, weights, outputs), State(50.0, turned, outputs), 1e-3)
        saddle = resting_saddle(pair, problem, 0.333, ENDINGS)
        assert saddle is not None
        assert saddle.loss == pytest.approx(level, rel=1e-5)
        assert (saddle.deciding, saddle.shrinking) == ((0,), (0,))
        assert not np.any(saddle.weights[0])

    @pytest.mark.slow
    def test_a_neuron_that_just_touches_a_kink_decides_there(self):
        """It comes to the kink of a sample at v_off = 0, and turns back or goes through and is pulled on."""
        rng = np.random.default_rng(0)
        for _ in range(5):
            inputs, targets = rng.normal(size=(4, 2)), rng.normal(size=4)
            signs = np.where(rng.random(4) < 0.5, -1.0, 1.0)
            starts = [1e-2 * rng.normal(size=(4, 2)) for _ in range(2)]
        problems = [Problem(inputs, targets, each, signs * row_norms(each)) for each in starts]
        edge = track(mixture(problems[0], *problems, "the start"), ENDINGS)
        kink = edge.kink
        assert (edge.kind, kink.neuron, kink.sample) == ("kink", 3, 2)
        assert kink.t == pytest.approx(10.44, abs=0.01)
        assert abs(kink.v_off) < 0.1 * kink.v_on
        assert kink.rate > 100.0 * kink.bound

    def test_it_ends_when_somebody_wants_it_to(self):
        asked = []

        def interrupted_by():
            asked.append(1)
            return "SIGINT" if len(asked) > 200 else None

        with pytest.raises(StoppedError, match="SIGINT"):
            reluflow.edge_between(
                load_preset("edge-caught"), load_preset("edge-missed"), interrupted_by=interrupted_by
            )


@pytest.mark.usefixtures("each_run_solved_once")
class TestCommand:
    def test_it_writes_what_it_found_and_both_sides(self):
        presets = written("seen", SEEN), written("unseen", UNSEEN)
        done = call("edge", *presets, "--out", "found", "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert told["kind"] == "kink"
        assert told["kink"]["sample"] == 1
        stored = json.loads(Path("found/edge.json").read_text())
        assert stored == {key: value for key, value in told.items() if key != "out"}
        ends = [call("run", f"found/side-{side}.toml", "--json", "--quiet") for side in "ab"]
        assert [json.loads(each.stdout)["status"] for each in ends] == ["converged", "stationary"]

    def test_a_person_reads_what_lies_there(self):
        presets = written("seen", SEEN), written("unseen", UNSEEN)
        done = call("edge", *presets, "--out", "found")
        assert "no saddle lies there" in " ".join(done.stdout.split())
        assert "32 halvings" in done.stderr

    def test_bad_input_is_one_sentence(self):
        seen, unseen = written("seen", SEEN), written("unseen", UNSEEN)
        for name, preset, changes in (
            ("wide", "edge-caught", {"network.width": 3}),
            ("descent", "edge-caught", {"solver.method": "gd"}),
            ("descent-2", "edge-missed", {"solver.method": "gd"}),
            ("signs", "edge-caught", {"init.seed": 4}),
            ("labels", "edge-caught", {**LABELS, "init.seed": 3}),
            ("labels-2", "edge-caught", {**LABELS, "init.seed": 20}),
        ):
            Path(f"{name}.toml").write_text(load_preset(preset, changes).to_toml())
        Path("elsewhere").mkdir()
        shutil.copy("signs.toml", "elsewhere/labels.toml")
        for one, other, words in (
            (seen, seen, "the same run"),
            ("edge-caught", "wide.toml", "network.width"),
            ("edge-caught", "orthogonal-toy", "differ in data.inputs"),
            ("descent.toml", "descent-2.toml", "method gd"),
            ("edge-caught", "signs.toml", "other signs"),
            ("labels.toml", "labels-2.toml", "weight decay, with which every run comes to rest"),
            ("labels.toml", "elsewhere/labels.toml", "labels.toml and elsewhere/labels.toml differ in"),
            ("edge-caught", "nowhere", "there is no preset"),
        ):
            done = call("edge", one, other, "--out", "found")
            assert done.exit_code == 2, (one, other, done.output)
            assert one_sentence(done.stderr), done.stderr
            assert words in done.stderr
        Path("found").mkdir()
        done = call("edge", seen, unseen, "--out", "found")
        assert done.exit_code == 2
        assert "exists already" in done.stderr
