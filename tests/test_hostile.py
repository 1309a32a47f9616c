"""Numbers that no one would choose: every problem ends with a result or with one sentence, and no warning."""

import warnings

import numpy as np
import pytest
from problems import smooth
from scipy.integrate import RK45
from trained import alike_slow

import reluflow
from reluflow.errors import ProblemError, ReluflowError, SolverError
from reluflow.flow import METHODS, make_solver
from reluflow.problem import Problem, check_range
from reluflow.theory import all_predictions
from reluflow.training.training import Training

VALUES = [
    0.0,
    0.0,
    1.0,
    -1.0,
    3.0,
    1e-320,
    -1e-320,
    1e-200,
    1e-160,
    1e-100,
    1e-20,
    1e20,
    -1e100,
    1e200,
    1e300,
]
SLOPES = [0.0, 0.0, 0.0, 0.01, 0.5, 1.0 - 2.0**-53]
ENDS = {"sentence", "converged", "stationary", "time", "steps", "failed"}
RATES = [1e-3, 1e-2, 1.0, 1e10, 1e300, 1e-300, 1e-320]


class Draw:
    """A hostile problem and hostile options, from a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        n, d, m = (int(self.rng.choice([1, 1, 2, 3, 5])) for _ in range(3))
        self.whole = self.rng.random() < 0.25
        inputs, targets, weights, outputs = (
            self.values(n, d),
            self.values(n),
            self.values(m, d),
            self.values(m),
        )
        if self.chance(0.5):  # balanced
            with np.errstate(over="ignore"):
                norms = np.linalg.norm(weights, axis=1)
            outputs = np.where(np.isfinite(norms), norms, 1.0) * self.rng.choice([-1.0, 1.0], m)
        if self.chance(0.2):
            inputs[self.rng.integers(n)] = 0.0
        if self.chance(0.3):
            inputs[0] = inputs[-1]
        if self.chance(0.1):
            targets[:] = 0.0
        if self.chance(0.15):
            weights[self.rng.integers(m)] = 0.0
        self.arrays = (inputs, targets, weights, outputs)
        self.options = {
            "slope": self.one_of(SLOPES),
            "loss": ["half-mse", "mse"][self.rng.integers(2)],
            "rtol": self.one_of([1e-6, 1e-3, 1e-9, 0.1, 1e-14]),
            "learning_rate": self.one_of(RATES),
            "stop_loss": self.one_of([1e-9, 1e-300, 1e300, 1e-320]) if self.chance(0.3) else None,
            "stop_time": self.one_of([1e-300, 1.0, 1e300]) if self.chance(0.3) else None,
            "times": [0.0, 1.0, self.one_of([1.5, 1e10, 1e300])] if self.chance(0.3) else None,
        }

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one_of(self, values: list[float]) -> float:
        return float(self.rng.choice(values))

    def values(self, *shape: int) -> np.ndarray:
        """Ordinary numbers, whole ones, all of one strange size, or strange ones among ordinary ones."""
        values = self.rng.normal(size=shape)
        if self.whole:
            values = np.round(values)
        kind = self.rng.random()
        if kind < 0.3:
            values = values * 10.0 ** self.rng.uniform(-40.0, 40.0)
        elif kind > 0.5:
            values = np.where(self.rng.random(shape) < 0.3, self.rng.choice(VALUES, size=shape), values)
        return values


def outcome(seed: int, method: str, steps: int) -> str:
    """How the run ended, or "sentence"; whatever else happens is raised."""
    draw = Draw(seed)
    try:
        found = reluflow.simulate(*draw.arrays, method=method, max_steps=steps, **draw.options)
    except ReluflowError as error:
        return "sentence" if "\n" not in str(error) else "several sentences"
    for values in (found.t, found.loss, found.weights, found.output_weights):
        assert np.isfinite(values).all()
    assert found.reason
    return found.status


def outcomes(seeds: range, method: str, steps: int) -> set[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {outcome(seed, method, steps) for seed in seeds}


@pytest.mark.parametrize("method", alike_slow(METHODS))
def test_a_result_or_one_sentence(method):
    found = outcomes(range(60, 75), method, 25)
    assert {"sentence", "stationary", "steps"} <= found <= ENDS


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_result_or_one_sentence_at_length(method):
    assert (
        {"sentence", "stationary", "steps", "converged", "time"} <= outcomes(range(700), method, 150) <= ENDS
    )


#: inputs, targets, weights, output weights; options; how the run ends, and with which loss
OVERFLOWS = {
    "series that hold for longer than their powers": (
        ([[-0.33], [-0.25]], [7e25, 1e26], [[-0.43]], [0.22]),
        {"times": [0.0, 1.0, 1e10]},
        ("stationary", ((7e25 * 0.25 - 1e26 * 0.33) ** 2 / (0.33**2 + 0.25**2)) / 4.0),
    ),
    "a neuron that is zero, and another that nothing moves": (
        ([[-2.0], [0.0], [-2.0]], [1.0, 1.0, 0.0], [[1.0], [0.0], [-1.0]], [1.0, 0.0, 0.0]),
        {"stop_time": 1e300},
        ("stationary", 0.25),
    ),
    "a time below the smallest unit": (
        ([[9.5e-26], [-8.4e-26], [-6.7e-26]], [-7e-49, 1.5e-48, -2.4e-49], [[-0.28], [3e-4]], [-1.1, -0.46]),
        {"stop_time": 1e-300, "rtol": 1e-3},
        ("time", None),
    ),
    "neurons that cancel where all targets are zero": (
        ([[0.0], [0.0], [-1.0]], [0.0, -2.0, 0.0], [[1.0], [1.0]], [1.0, -1.0]),
        {"slope": 0.5, "rtol": 1e-9, "loss": "mse"},
        ("stationary", 4.0 / 3.0),
    ),
    "kinks whose jumps have no squares": (
        (
            [[0.0, 1.0, -1.0], [-1.0, 0.0, -1.0], [0.0, 1.0, -1.0]],
            [1e27, -2e27, -1e27],
            [[-4.3e-198, 0.0, 0.0]],
            [0.0],
        ),
        {"rtol": 0.1},
        ("stationary", 2.0 * 1e54 / 6.0),
    ),
    "a pull that becomes much stronger within a step": (
        ([[1.52, 1.78], [-0.743, -0.355]], [1.64, -0.09], [[-2.6e-9, -5.5e-10]], [2.66e-9]),
        {},
        ("stationary", 0.09**2 / 4.0),
    ),
    "a neuron that shrinks, and is of the other sign, behind a slope": (
        ([[0.14], [1.0], [0.14]], [0.0, -1.1, -0.43], [[-6e-104]], [-4.2e-24]),
        {"slope": 0.01, "rtol": 1e-3},
        ("stationary", None),
    ),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", OVERFLOWS)
def test_lorentz_refuses_what_overflows(name):
    arrays, options, (status, loss) = OVERFLOWS[name]
    found = reluflow.simulate(*(np.array(array) for array in arrays), max_steps=150, **options)
    assert found.status == status
    assert np.isfinite(found.weights).all()
    assert np.isfinite(found.output_weights).all()
    assert (np.diff(found.loss) <= 1e-9 * found.loss[0]).all()
    if loss is not None:
        assert found.loss[-1] == pytest.approx(loss, rel=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "changes",
    [
        {"network.width": 2, "init.scale": 1e-300, "network.slope": 1e-10},
        {"network.width": 1, "init.scale": 1e-200, "data.dimension": 3, "data.samples": 3},
    ],
)
def test_presets_of_a_strange_scale(changes):
    preset = reluflow.load_preset("high-dimension", changes | {"stop.steps": 20})
    problem = preset.problem()
    run = Training.from_preset(preset)
    while run.status == "running":
        run.single_step()
    assert run.status in ENDS
    assert np.isfinite(run.recorder.series["loss"]).all()
    assert all(np.isfinite(one.predicted or 0.0) for one in all_predictions(problem))


class TestSentences:
    ARRAYS = (np.eye(2), np.array([1.0, -1.0]), np.array([[0.3, 0.1]]), np.array([0.2]))

    @pytest.mark.parametrize(
        ("place", "value", "said"),
        [
            (0, 1e200, r"the input of sample 1 has length 1e\+200; expected 0 or 1e-60 to 1e\+60"),
            (0, 1e-200, "the input of sample 1 has length 1e-200"),
            (1, 1e-100, "the largest of the targets is 1e-100"),
            (2, 1e100, r"weights of up to 1e\+100 .* may predict 1e\+200"),
            (2, 1e300, r"weights of up to 1e\+300 .* may predict inf"),
            (3, 1e-310, "neuron 0 has weights of 1e-310"),
        ],
    )
    def test_sizes(self, place, value, said):
        arrays = [array.copy() for array in self.ARRAYS]
        if place in (1, 3):
            arrays[place][:] = value
        else:
            arrays[place][0] = [value, 0.0]
        if place == 3:
            arrays[2][:] = 0.0
        for method in ("lorentz", "gd"):
            with pytest.raises(ProblemError, match=said):
                reluflow.simulate(*arrays, method=method, learning_rate=0.1)
        check_range(Problem(*self.ARRAYS))

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("value", [10**400, -(np.longdouble(10) ** 400)])
    def test_numbers_that_no_double_holds(self, value):
        with pytest.raises(ProblemError, match="finite"):
            Problem([[value]], [1.0], [[1.0]], [1.0])

    def test_slopes(self):
        with pytest.raises(ProblemError, match="the slope is 1e-300; expected 0 or at least 1e-60"):
            reluflow.simulate(*self.ARRAYS, slope=1e-300)

    def test_presets(self):
        with pytest.raises(ProblemError, match="may predict"):
            reluflow.load_preset("orthogonal-toy", {"init.scale": 1e100}).problem()

    def test_zeros_are_fine(self):
        check_range(Problem(np.zeros((2, 2)), np.zeros(2), np.zeros((1, 2)), np.zeros(1)))

    @pytest.mark.parametrize("rtol", [0.0, -1.0, np.nan, np.inf, 1.0, 1e-15])
    def test_tolerances(self, rtol):
        with pytest.raises(SolverError, match="rtol is"):
            reluflow.simulate(*self.ARRAYS, rtol=rtol)

    @pytest.mark.parametrize("rule", [{"stop_loss": np.nan}, {"stop_time": -1.0}, {"max_steps": -1}])
    def test_rules(self, rule):
        with pytest.raises(ProblemError, match=f"{next(iter(rule))} is .*; expected a number of at least 0"):
            reluflow.simulate(*self.ARRAYS, **rule)

    @pytest.mark.parametrize("rate", [None, 0.0, -1.0, np.nan, np.inf])
    def test_learning_rates(self, rate):
        with pytest.raises(SolverError, match=r"solver\.learning_rate is"):
            reluflow.simulate(*self.ARRAYS, method="gd", learning_rate=rate)


@pytest.mark.parametrize("broken", [np.nan, ValueError("array must not contain infs or NaNs")])
def test_a_step_that_fails_leaves_the_state_as_it_was(broken, monkeypatch):
    solver = make_solver("rk45", smooth())
    for _ in range(3):
        solver.step()
    before = solver.state

    def step(ode):
        if isinstance(broken, Exception):
            raise broken
        ode.y[:] = broken

    monkeypatch.setattr(RK45, "step", step)
    solver.step()
    assert solver.failure.startswith(f"method rk45 gave up at t = {before.t:g} (")
    assert (solver.t, solver.steps) == (before.t, 3)
    np.testing.assert_array_equal(solver.state.weights, before.weights)
