"""Recording, plateaus, stillness and the neuron table."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from problems import balanced, five_points, toy

from reluflow.flow import make_solver
from reluflow.flow.base import Options, State
from reluflow.network import gradient
from reluflow.observe.change import Shape, movements
from reluflow.observe.neurons import describe
from reluflow.observe.plateaus import find_saddles
from reluflow.observe.recorder import Recorder, RecordRules
from reluflow.observe.series import COLUMNS, Series
from reluflow.observe.stillness import Stillness
from reluflow.plot.phases import plateaus_of
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.training.training import StopRules, Training


def logistic_escapes(times, levels, rates, t):
    """A loss that falls from level to level as single bundles make it fall."""
    loss = np.full_like(t, levels[-1])
    for when, rate, high, low in zip(times, rates, levels[:-1], levels[1:], strict=True):
        mass = 1.0 / (1.0 + np.exp(-2.0 * rate * (t - when)))
        loss += (high - low) * (1.0 - mass) ** 2
    return loss


class TestSaddles:
    def test_finds_levels_times_and_rates_of_escapes(self):
        t = np.linspace(0.0, 200.0, 40_001)
        loss = logistic_escapes([40.0, 120.0], [1.0, 0.3, 1e-12], [0.7, 0.4], t)
        first, second = find_saddles({"t": t, "loss": loss})
        assert (first.start, first.loss) == (0.0, pytest.approx(1.0, rel=1e-3))
        assert first.end == pytest.approx(40.0, abs=0.05)
        assert first.escape_rate == pytest.approx(0.7, rel=0.02)
        assert second.start == first.end
        assert second.end == pytest.approx(120.0, abs=0.05)
        assert second.loss == pytest.approx(0.3, rel=1e-2)
        assert second.escape_rate == pytest.approx(0.4, rel=0.02)

    def test_does_not_depend_on_how_the_times_are_spaced(self):
        even = np.linspace(0.0, 200.0, 40_001)
        uneven = np.sort(np.concatenate([np.linspace(30.0, 60.0, 900), np.linspace(0.0, 200.0, 700)]))
        found = [
            find_saddles({"t": t, "loss": logistic_escapes([40.0, 120.0], [1.0, 0.3, 1e-12], [0.7, 0.4], t)})
            for t in (even, uneven)
        ]
        for one, other in zip(*found, strict=True):
            assert one.end == pytest.approx(other.end, abs=0.1)
            assert one.loss == pytest.approx(other.loss, rel=0.01)

    def test_a_plateau_that_is_reached_within_the_first_step_is_at_its_level(self):
        t = np.concatenate([[0.0], np.linspace(0.1, 200.0, 4000)])
        loss = logistic_escapes([100.0], [0.5, 1e-12], [0.7], t)
        loss[0] = 0.9
        (only,) = find_saddles({"t": t, "loss": loss})
        assert only.loss == pytest.approx(0.5, rel=1e-3)
        assert only.end == pytest.approx(100.0, abs=0.1)

    def test_an_exponential_tail_is_no_plateau(self):
        t = np.linspace(0.0, 2000.0, 5000)
        loss = 0.5 * np.exp(-t) + 1e-3 * np.exp(-0.01 * t)
        assert find_saddles({"t": t, "loss": loss}) == []

    def test_between_few_rows_a_level_may_have_none_of_its_own(self):
        preset = {"data.samples": 2, "data.dimension": 40, "data.seed": 40, "network.width": 2}
        preset |= {"data.kind": "sphere", "data.inputs": None, "data.targets": None}
        changes = preset | {"record.series": 16, "network.slope": 7.247635255024381e-16}
        changes |= {"stop.loss": None, "stop.time": None}
        training = Training.from_preset(load_preset("first-steps", changes))
        training.run(lambda _: None, 1.0)
        assert len(training.recorder.series["t"]) <= 16
        (only,) = find_saddles(training.recorder.series)
        assert training.recorder.series["loss"][-1] < only.loss < training.recorder.series["loss"][0]

    def test_a_plateau_before_a_fall_of_a_twentieth_is_found(self):
        """The least that has two levels to compare: three edges, a fiftieth apart in ln(loss)."""
        t, fall = np.array([0.0, 999.0, 1000.0, 1000.5, 1001.0]), np.array([0.0, 0.0, 1e-4, 0.025, 0.05])
        (only,) = find_saddles({"t": t, "loss": np.exp(-fall)})
        assert only.loss == pytest.approx(1.0, rel=1e-2)
        assert 1000.0 < only.end < 1001.0

    def test_a_plateau_that_is_never_left_has_no_end(self):
        t = np.linspace(0.0, 300.0, 5000)
        loss = logistic_escapes([40.0], [1.0, 0.2], [0.7], t)
        first, last = find_saddles({"t": t, "loss": loss}, settled=False)
        assert first.end == last.start
        assert (last.end, last.escape_rate) == (None, None)
        assert last.loss == pytest.approx(0.2, rel=1e-3)

    def test_an_end_a_little_below_the_last_plateau_is_another_one_if_the_loss_fell_to_it(self):
        t = np.linspace(0.0, 300.0, 5000)
        first, last = find_saddles({"t": t, "loss": logistic_escapes([40.0], [1.0, 0.93], [0.7], t)}, False)
        assert (first.loss, last.loss) == (pytest.approx(1.0, rel=1e-3), pytest.approx(0.93, rel=1e-3))
        assert first.end == pytest.approx(40.0, abs=1.0)
        settling = np.exp(-0.09 * np.clip((t - 150.0) / 67.0, 0.0, 1.0))
        (only,) = find_saddles({"t": t, "loss": settling}, False)
        assert only.end is None

    @pytest.mark.parametrize("values", [[], [1.0], [0.0, 0.0, 0.0], [np.nan] * 4, [1.0] * 50])
    @pytest.mark.parametrize("settled", [True, False])
    def test_degenerate_series_are_no_trouble(self, values, settled):
        series = {"t": np.arange(float(len(values))), "loss": np.array(values)}
        assert len(find_saddles(series, settled)) <= 1


def recorded(solver, rules, steps):
    recorder = Recorder(solver.problem, rules)
    recorder.observe(solver)
    for _ in range(steps):
        solver.step()
        recorder.observe(solver)
    return recorder


class TestRecorder:
    def test_every_step_is_there_until_there_are_too_many(self):
        solver = make_solver("gd", toy(scale=0.1), Options(learning_rate=0.01))
        series = recorded(solver, RecordRules(), 300).series
        assert tuple(series) == COLUMNS
        np.testing.assert_array_equal(series["step"], np.arange(301))
        np.testing.assert_allclose(series["t"], 0.01 * np.arange(301))

    def test_columns_are_those_of_the_state(self):
        problem = toy(scale=0.1)
        solver = make_solver("gd", problem, Options(learning_rate=0.01))
        series = recorded(solver, RecordRules(), 100).series
        state = solver.state
        slopes = gradient(state.weights, state.output_weights, problem.inputs, problem.targets)
        assert series["loss"][-1] == solver.loss
        assert series["gradient_norm"][-1] == pytest.approx(np.hypot(*map(np.linalg.norm, slopes)))
        expected = np.abs(state.output_weights) @ np.linalg.norm(state.weights, axis=1)
        assert series["variation_norm"][-1] == pytest.approx(expected)

    def test_a_long_run_is_thinned_by_change_and_stays_bounded(self):
        """A toy's descent through both escapes: the plateaus get few rows, every e-fold of the loss many."""
        solver = make_solver("gd", toy(scale=1e-4), Options(learning_rate=0.005))
        recorder = recorded(solver, RecordRules(snapshots=40, series=2000), 7000)
        series, snapshots = recorder.series, recorder.snapshots
        assert 750 <= len(series["t"]) <= 2000
        assert 15 <= len(snapshots.t) <= 41
        assert series["t"][-1] == snapshots.t[-1] == solver.t
        assert np.all(np.diff(series["t"]) > 0)
        falls = np.abs(np.diff(np.log(series["loss"])))
        assert np.max(falls) < 3.0 * np.sum(falls) / len(falls)
        between = (series["loss"] > 0.26) & (series["loss"] < 0.49)
        assert np.count_nonzero(between) >= 15

    def test_extremes_of_the_loss_survive_thinning(self):
        """Descent near its stability limit oscillates; the spikes must stay in loss_low and loss_high."""
        problem = balanced([[1.0, 0.0], [0.0, 4.0]], [1.0, 4.0], 4, 0.5)
        solver = make_solver("gd", problem, Options(learning_rate=0.09))
        recorder = Recorder(problem, RecordRules(series=64))
        seen = []
        for _ in range(2000):
            solver.step()
            recorder.observe(solver)
            seen.append(solver.loss)
        series = recorder.series
        assert len(series["t"]) <= 64
        assert np.min(series["loss_low"]) == min(seen)
        assert np.max(series["loss_high"]) == max(seen)

    @pytest.mark.parametrize("seed", [0, 1])
    def test_a_thinned_row_keeps_the_extremes_of_those_it_stands_for(self, seed):
        """Whenever it is looked at: a loss that has no row is within the bounds of the row after it."""
        losses = np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.3, size=300)))
        series = Series(32)
        for step, loss in enumerate(losses):
            row = dict.fromkeys(COLUMNS, loss) | {"t": 1.0 + step, "step": step}
            series.add(np.array([row[name] for name in COLUMNS]))
            found = dict(zip(COLUMNS, series.columns, strict=True))
            steps = found["step"].astype(int)
            assert len(steps) <= 32
            assert steps[-1] == step
            np.testing.assert_array_equal(found["loss"], losses[steps])
            for before, row in pairwise(range(len(steps))):
                between = losses[steps[before] + 1 : steps[row] + 1]
                assert found["loss_low"][row] == between.min()
                assert found["loss_high"][row] == between.max()

    @pytest.mark.parametrize("count", [10, 3000, 7000])
    def test_a_series_that_was_packed_goes_on_as_the_same(self, count):
        """Of few rows, of more than there is room for at first, and of so many that they were thinned."""
        losses = np.exp(np.cumsum(np.random.default_rng(0).normal(0.0, 0.3, size=count + 100)))
        whole, resumed = Series(4000), Series(4000)

        def add(series, steps):
            for step in steps:
                row = dict.fromkeys(COLUMNS, losses[step]) | {"t": 1.0 + step, "step": step}
                series.add(np.array([row[name] for name in COLUMNS]))

        add(whole, range(count))
        resumed.unpack(whole.pack())
        add(whole, range(count, count + 100))
        add(resumed, range(count, count + 100))
        np.testing.assert_array_equal(resumed.rows, whole.rows)
        assert resumed.last_loss == losses[-1]

    def test_memory_bounds_the_snapshots(self):
        problem = toy(width=300)
        one = 8 * 300 * 3
        solver = make_solver("polar", problem)
        recorder = recorded(solver, RecordRules(memory_mb=10 * one / 1e6), 250)
        assert recorder.snapshots.weights.nbytes <= 11 * one

    def test_a_restored_recorder_goes_on_in_the_same_way(self):
        rules = RecordRules(snapshots=20, series=100)
        one, two = (make_solver("polar", toy()) for _ in range(2))
        whole = recorded(one, rules, 400)
        half = recorded(two, rules, 150)
        resumed = Recorder(two.problem, rules)
        resumed.restore({key: np.asarray(value) for key, value in half.checkpoint().items()})
        for _ in range(250):
            two.step()
            resumed.observe(two)
        for column in COLUMNS:
            np.testing.assert_array_equal(whole.series[column], resumed.series[column])
        np.testing.assert_array_equal(whole.snapshots.weights, resumed.snapshots.weights)
        kept = resumed.checkpoint()
        for name, value in whole.checkpoint().items():
            np.testing.assert_array_equal(value, kept[name], err_msg=name)

    def test_the_inside_of_a_long_step_is_recorded_after_small_ones_too(self):
        """States are looked at only now and then while little happens; what follows is seen all the same."""
        solver = make_solver("lorentz", toy(), Options())
        recorder = Recorder(toy(), RecordRules())
        recorder.observe(solver)
        while solver.t < 11.0:
            solver.step(t_end=11.0)
            recorder.observe(solver)
        for number in range(60):
            solver.step(t_end=11.0 + 1e-3 * (number + 1))
            recorder.observe(solver)
        while solver.loss > 0.3:
            solver.step()
            recorder.observe(solver)
            t, loss = recorder.series["t"], recorder.series["loss"]
            falls = np.abs(np.diff(np.log(loss[t >= solver.t_old])))
            assert falls.max() < 0.2, "no step shows as a jump"


class TestStillness:
    def still(self, method, problem, t_end, **options):
        solver, watch = make_solver(method, problem, Options(**options)), Stillness(problem)
        while solver.t < t_end:
            solver.step(burst=200, t_end=t_end)
            if watch.watch(solver):
                return solver
        return None

    def test_a_plateau_is_not_stationary_however_small_the_start(self):
        """At scale 1e-250 the toy's first plateau outlasts the patience almost four times."""
        problem = toy(scale=1e-250)
        assert self.still("polar", problem, 0.95 * 250 * np.log(10.0) / 1.118) is None

    def test_descent_stuck_on_a_saddle_is_stationary(self):
        solver = self.still("gd", five_points(), 1e5, learning_rate=0.04)
        assert solver is not None
        assert solver.loss == pytest.approx(0.0318158, rel=1e-4)

    def test_what_drifts_slowly_is_not_stationary_after_short_steps(self):
        """Where it is seen to be, no more is left to fall than may fall while it is looked at."""
        problem = toy()
        watch = Stillness(problem)
        state = State(0.0, problem.weights, problem.output_weights)
        for k in range(2000):
            left = 1e-3 * np.exp(-0.01 * k)
            view = SimpleNamespace(t=k * watch.patience, loss=0.1 * (1.0 + left), residual=np.ones(2))
            view.state = replace(state, t=view.t)
            if watch.watch(view):
                break
        assert 200 < k < 1999
        assert left < 5e-6

    def test_a_loss_of_labels_that_one_long_step_has_raised_may_yet_fall(self):
        """Beyond 1/2 it falls like 1/t, but for a step that errs; then only rounding is left of that."""
        problem = Problem([[1.0], [1.0]], [1.0, -1.0], [[1.0]], [1.0], "exponential")
        watch, found = Stillness(problem), []
        for k in range(40):
            t = 1e3 * 2.0**k
            loss = 0.5 + 1.0 / t + (1e-5 if k == 8 else 0.0)
            state = State(t, problem.weights, problem.output_weights)
            found.append(
                watch.watch(SimpleNamespace(t=t, loss=loss, state=state, residual=np.array([0.0, 2.0])))
            )
        assert 16 < found.index(True) < 26

    def test_dead_neurons_are_stationary(self):
        problem = balanced([[1.0, 0.0]], [1.0], 2, 0.1)
        dead = type(problem)(
            problem.inputs, problem.targets, -np.abs(problem.weights), problem.output_weights
        )
        assert self.still("polar", dead, 1e6) is not None


class TestNeurons:
    def test_angles_of_two_coordinates_are_the_directions_own(self):
        problem = toy(width=2)
        table = describe(State(0.0, np.array([[0.0, 2.0], [-1.0, 0.0]]), np.array([1.0, -3.0])), problem)
        np.testing.assert_allclose(table.angle, [90.0, 180.0])
        np.testing.assert_array_equal(table.sign, [1, -1])
        np.testing.assert_allclose(table.log10_norm, [np.log10(2.0), 0.0])
        np.testing.assert_array_equal(table.active, [[True, True], [True, False]])

    def test_a_neuron_on_a_kink_is_not_active_by_rounding(self):
        problem = toy(width=1)
        along = np.array([[2.0, -4.0]]) / 3.0  # orthogonal to the sample (2, 1), to rounding
        for nudge in (0.0, 1e-16, -1e-16):
            table = describe(State(0.0, along + nudge, np.array([1.0])), problem)
            assert not table.active[0, 1]

    def test_angles_in_more_dimensions_are_to_the_pull_of_the_sign(self):
        inputs = np.eye(3)
        problem = balanced(inputs, [2.0, 1.0, -1.0], 3, 1.0)
        weights = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 1e-9], [0.0, 0.0, 0.0]])
        table = describe(State(0.0, weights, np.array([1.0, -1.0, 1.0])), problem)
        np.testing.assert_allclose(table.angle[:2], 0.0, atol=1e-12)
        assert np.isnan(table.angle[2])
        assert table.log10_norm[2] == -np.inf


@pytest.mark.parametrize("rows", [40, 400])
def test_the_escape_rate_of_few_recorded_points_is_that_of_the_bundle(rows):
    """A logistic mass recorded at uneven times: the loss between them is not needed."""
    rate, times = 0.7, np.concatenate([np.linspace(0.0, 18.0, rows // 4), np.linspace(18.5, 60.0, rows)])
    mass = 1.0 / (1.0 + np.exp(-2.0 * rate * (times - 20.0)))
    series = {"t": times, "loss": 0.5 * (1.0 - mass) ** 2 + 0.1}
    saddles = find_saddles(series, settled=False)
    assert saddles[0].escape_rate == pytest.approx(rate, rel=1e-3)


def test_with_weight_decay_plateaus_are_those_of_the_objective():
    """The loss falls to 1e-9 at an escape, and rises to 1e-6 while weights shrink."""
    times = np.concatenate([np.linspace(0.0, 60.0, 300), np.geomspace(61.0, 1e5, 300)])
    mass = 1.0 / (1.0 + np.exp(-2.0 * 0.7 * (times - 20.0)))
    loss = 0.5 * (1.0 - mass) ** 2 + 1e-9 + 1e-6 * (1.0 - np.exp(-1e-3 * times))
    series = {"t": times, "loss": loss, "objective": loss + 1e-3 * mass * (1.0 + np.exp(-2e-3 * times))}
    first, last = find_saddles(series, settled=False)
    assert (first.loss, first.end) == (pytest.approx(0.5, rel=1e-2), pytest.approx(20.0, abs=0.2))
    assert (last.loss, last.end) == (loss[-1], None)
    begins = [plateau.begin for plateau in plateaus_of(series, settled=False)]
    assert begins[1] > first.end


def test_each_plateau_says_what_is_fitted_and_how_many_neurons_are_large():
    """Orthogonal samples: the first neurons to grow see both with a positive target, and fit them at once."""
    training = Training(balanced(np.eye(3), [4.0, -2.0, 1.0], 8, 1e-8), stop=StopRules(loss=1e-9))
    while training.status == "running":
        training.advance(seconds=1.0)
    fitted = [saddle["fitted"] for saddle in training.summary()["saddles"]]
    assert fitted[:2] == [[], [0, 2]]
    large = [saddle["large"] for saddle in training.summary()["saddles"]]
    assert large[0] == 0 < large[1] <= large[-1]


@pytest.mark.parametrize("grown", [0.01, 1.0])
def test_movements_of_many_are_the_distances_from_one_to_the_next(grown: float) -> None:
    generator = np.random.default_rng(0)
    sizes = np.exp(grown * np.arange(6.0))[:, None]
    states = [State(0.0, size * generator.standard_normal((4, 3)), np.ones(4)) for size in sizes]
    shapes = [Shape.of(state, 1.0) for state in states]
    distances = [before.distance(after) for before, after in pairwise(shapes)]
    assert movements(shapes) == pytest.approx(distances, rel=1e-12)
    still = [Shape.of(State(0.0, size * np.ones((4, 3)), np.ones(4)), 1.0) for size in sizes]
    assert movements(still) == pytest.approx(0.25 * grown)
