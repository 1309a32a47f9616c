"""The theory says the same of a problem in other units.

Inputs times c, targets times s and all weights times sqrt(s / c) make a flow that is s c times as fast, with
losses times s^2. Where s = 1 that holds for losses of labels, too, and c times the margins. Changing the
signs of targets and output weights, and the order of samples, changes nothing.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from recorded_theory import ASKED, runs

from reluflow.observe.measured import Measured, state_at
from reluflow.theory import CHAPTERS
from reluflow.theory.escape import classify
from reluflow.theory.forecast import forecast
from reluflow.theory.landmarks import landmarks
from reluflow.verification import judge

#: runs, and whether what is said of them tells the signs of targets apart
TWO_SIGNS = (
    *("orthogonal-equal", "line-unbalanced", "symmetric-white", "lazy", "decay-five", "at-origin"),
    *("line-undecided", "labels-plane"),
)
ONE_SIGN = ("smooth",)


def in_other_units(found: Measured, c: float, s: float, sign: float) -> Measured:
    problem, states, size = found.problem, found.snapshots, np.sqrt(s / c)
    other = replace(
        problem,
        inputs=c * problem.inputs[::-1],
        targets=sign * s * problem.targets[::-1],
        weights=size * problem.weights,
        output_weights=sign * size * problem.output_weights,
        weight_decay=s * c * problem.weight_decay,
    )
    factors = {"t": 1.0 / (s * c), "step": 1.0 / (s * c), "margin": c, "smoothed_margin": c}
    return replace(
        found,
        problem=other,
        snapshots=SimpleNamespace(
            t=states.t / (s * c),
            weights=size * states.weights,
            output_weights=sign * size * states.output_weights,
        ),
        series={column: factors.get(column, s * s) * values for column, values in found.series.items()},
    )


@pytest.mark.parametrize(
    ("name", "sign"), [*((name, -1.0) for name in TWO_SIGNS), *((name, 1.0) for name in ONE_SIGN)]
)
def test_the_theory_says_the_same_in_other_units(name: str, sign: float) -> None:
    found = runs()[name]
    c, s = 2.0**-20, 1.0 if found.problem.of_labels else 16.0
    other = in_other_units(found, c, s, sign)
    for chapter in (one for one in ASKED[name].split() if one in CHAPTERS.rows):
        rows = zip(CHAPTERS[chapter](found.problem), CHAPTERS[chapter](other.problem), strict=True)
        for row, turned in ((judge(one, found), judge(two, other)) for one, two in rows):
            assert (row.id, row.state) == (turned.id, turned.state), turned.reason
            if row.applies:
                shares = (one.measured / (one.predicted or one.tolerance or 1.0) for one in (row, turned))
                assert next(shares) == pytest.approx(next(shares), rel=1e-5, abs=1e-6), row.id
    _same_verdict(found, other, s * c)
    _same_times(found, other, s * c, s * s)
    _same_forecast(found, other, s * c, s * s)


def _same_verdict(found: Measured, other: Measured, rate: float) -> None:
    one, two = (classify(run.problem, run.final) for run in (found, other))
    assert one.kind == two.kind
    rates, turned = (
        np.array([each.gamma_all.low, each.gamma_all.high, each.gamma_available, each.fall])
        for each in (one, two)
    )
    np.testing.assert_allclose(turned, rate * rates, rtol=1e-7, atol=1e-12 * rate)


def _same_times(found: Measured, other: Measured, rate: float, size: float) -> None:
    one, two = landmarks(found.problem), landmarks(other.problem)
    assert (one.source, len(one.escapes)) == (two.source, len(two.escapes))
    for escape, turned in zip(one.escapes, two.escapes, strict=True):
        assert turned.time == pytest.approx(escape.time / rate, rel=1e-7)
        assert (turned.at, turned.level) == pytest.approx((size * escape.at, size * escape.level), rel=1e-7)


def _same_forecast(found: Measured, other: Measured, rate: float, size: float) -> None:
    """In the middle of the first plateau that ends."""
    middle = next((0.5 * (one.start + one.end) for one in found.saddles if one.end is not None), None)
    if middle is None:
        return
    one = forecast(found.problem, state_at(found.snapshots, middle))
    two = forecast(other.problem, state_at(other.snapshots, middle / rate))
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        assert two.time == pytest.approx(one.time / rate, rel=1e-6)
        assert two.time_alone == pytest.approx(one.time_alone / rate, rel=1e-6)
        assert (two.loss, two.rate) == pytest.approx((size * one.loss, rate * one.rate), rel=1e-6)
        assert (two.rivals, two.neurons.tolist()) == (one.rivals, one.neurons.tolist())
