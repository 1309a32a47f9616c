"""How long the lorentz solver makes its next step, against what the controller's rules say in closed form."""

from types import SimpleNamespace

import numpy as np
import pytest
from lorentz_cases import toy

from reluflow.flow.base import Options
from reluflow.flow.lorentz import Lorentz
from reluflow.flow.lorentz.collocation_step import CollocationStepper
from reluflow.flow.lorentz.context import StepContext
from reluflow.flow.lorentz.error_estimate import rms
from reluflow.flow.lorentz.settings import ACCURACY, CONTROLLER
from reluflow.flow.lorentz.step_size import StepSizeController, step_factor
from reluflow.flow.lorentz.trial_step import TrialStep

ORDER = ACCURACY.order


def context(trace: float = 1.0, rate: float = 1.0, fading: float = 0.0, escaping: bool = False):
    return SimpleNamespace(trace=trace, rate=rate, fading=fading, escaping=escaping)


def after(error: float, trace: float = 1.0, length: float = 1.0) -> StepSizeController:
    """After a step that was as long as wanted, and in which something happened."""
    controller = StepSizeController()
    controller.accepted(error, trace, length, length, smooth=False)
    return controller


def test_the_root_of_the_mean_square_is_that_of_any_number_of_values():
    assert [rms(np.array(values)) for values in ([], [-3.0], [3.0, 4.0])] == [0.0, 3.0, np.sqrt(12.5)]


def test_the_first_step_may_be_of_any_length():
    assert StepSizeController().proposed(context()) == np.inf


@pytest.mark.parametrize("error", [0.9**ORDER, 0.01, 1.5, 3.0])
def test_a_step_of_the_next_length_would_have_the_error_that_is_safe(error):
    """Errors grow with the order of the length."""
    next_length = after(error, length=2.0).next
    assert error * (next_length / 2.0) ** ORDER == pytest.approx(CONTROLLER.safety**ORDER)


def test_steps_change_within_bounds():
    assert step_factor(0.0) == step_factor(1e-30) == CONTROLLER.growth
    assert step_factor(1e30) == CONTROLLER.shrink


@pytest.mark.parametrize("rate", [0.3, 2.0, 40.0])
@pytest.mark.parametrize("error", [1e-3, 0.5])
def test_at_the_foot_of_an_escape_errors_grow_exponentially(error, rate):
    """With g times the last length h the error is g^order exp(2 |D| g h) times the last one."""
    controller = after(error, length=2.0)
    controller.next = np.inf
    ratio = controller.proposed(context(rate=rate, escaping=True)) / 2.0
    assert error * ratio**ORDER * np.exp(2.0 * rate * ratio * 2.0) == pytest.approx(CONTROLLER.safety**ORDER)


def test_elsewhere_escapes_are_no_limit():
    calm = CONTROLLER.calm
    for seen in (
        context(rate=40.0),
        context(rate=40.0, escaping=True, fading=1.01 * calm / 2.0),
        context(rate=1e-6, escaping=True),
    ):
        controller = after(0.5, length=2.0)
        assert controller.proposed(seen) == controller.next
    controller = after(0.5, length=2.0)
    controller.accepted_series(0.0, 2.0)
    assert controller.proposed(context(rate=40.0, escaping=True)) == controller.next
    controller = after(0.5, length=2.0)
    limited = context(rate=40.0, escaping=True, fading=0.99 * calm / 2.0)
    assert controller.proposed(limited) < controller.next


def test_a_kernel_that_has_grown_makes_the_step_shorter():
    controller = after(CONTROLLER.seen, trace=3.0)
    shorter = 2.0 ** (-CONTROLLER.trend / ORDER)
    assert controller.proposed(context(trace=6.0)) == pytest.approx(controller.next * shorter)
    assert controller.proposed(context(trace=2.0)) == controller.next
    assert controller.proposed(context(trace=3e30)) == CONTROLLER.shrink * controller.next
    unseen = after(0.99 * CONTROLLER.seen, trace=3.0)
    assert unseen.proposed(context(trace=6.0)) == unseen.next


def test_errors_that_have_shrunk_for_their_length_make_it_longer():
    """Gustafsson's predictive controller, upwards only, up to a bound and where both errors are known."""
    faint, eased = CONTROLLER.faint, CONTROLLER.eased
    for first, second, factor in (
        (0.3, 0.3 / 1.2**ORDER, 1.2),
        (0.3, 0.3 * 1.2**ORDER, 1.0),
        (0.9, 0.9 / 2.0**ORDER, eased),
        (1.01 * faint, 1.01 * faint / 1.2**ORDER, 1.0),
    ):
        controller = after(first)
        controller.accepted(second, 1.0, 1.0, 1.0, smooth=True)
        assert controller.next == pytest.approx(factor * step_factor(second))
    controller = after(0.3, length=2.0)
    controller.accepted(0.3, 1.0, 2.6, 2.6, smooth=True)
    assert controller.next == pytest.approx(1.3 * 2.6 * step_factor(0.3))
    controller = StepSizeController()
    controller.accepted(0.3, 1.0, 2.0, 2.0, smooth=True)
    assert controller.next == 2.0 * step_factor(0.3)


def test_after_a_step_cut_at_a_kink_the_length_that_was_wanted_is_tried_again():
    for wanted, expected in ((2.0, 2.0), (100.0, 0.5 * CONTROLLER.again)):
        controller = StepSizeController()
        controller.accepted(0.9**ORDER, 1.0, 0.5, wanted, smooth=False)
        assert controller.next == pytest.approx(expected)


def test_a_step_by_series_whose_error_is_not_known_makes_it_no_longer():
    controller = after(0.9**ORDER, length=2.0)
    controller.accepted_series(0.0, 5.0)
    assert controller.next == pytest.approx(2.0)
    controller.accepted_series(0.0, 1.0)
    assert controller.next == 1.0
    controller.accepted_series(0.45**ORDER, 1.0)
    assert controller.next == pytest.approx(2.0)
    assert controller.last == (0.0, 0.0, 1.0)


def test_it_goes_on_from_what_was_kept():
    controller, resumed = after(0.3, trace=2.0, length=1.5), StepSizeController()
    resumed.next, resumed.last = controller.next, controller.last
    assert resumed.proposed(context(trace=4.0)) == controller.proposed(context(trace=4.0)) < controller.next


def test_no_length_is_tried_in_vain_at_the_foot_of_the_first_escape(monkeypatch: pytest.MonkeyPatch):
    """The first step has no error, so that nothing tells how far the leader lets the second go."""
    tried: list[float] = []

    def attempt(stepper: CollocationStepper, length: float, context: StepContext) -> TrialStep:
        tried.append(length)
        return whole(stepper, length, context)

    whole = CollocationStepper.attempt
    monkeypatch.setattr(CollocationStepper, "attempt", attempt)
    solver = Lorentz(toy(scale=1e-6), Options())
    while solver.loss > 0.3:
        solver.step(1, 0.0, 100.0)
    assert solver.steps > len(tried) == 1
