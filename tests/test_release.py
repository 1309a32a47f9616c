"""What a neuron does with a sample that it lets go of, where multipliers and residuals are only errors."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reluflow.flow.lorentz.neurons import OFF, ON
from reluflow.flow.lorentz.release import let_go

ERRORS = st.floats(-1e-15, 1e-15)


@given(
    ERRORS, ERRORS, st.sampled_from([-1.0, 1.0]), st.booleans(), st.booleans(), st.sampled_from([0, 1e-16])
)
def test_no_sample_is_left_for_a_side_from_which_it_is_met_again_at_once(
    beta, force, sign, zero, crosses, rounding
):
    """A neuron slides while beta lies between 0 and the force; it is let go on the side where it does not."""
    speeds = sign * np.array([beta]), sign * np.array([beta - force])
    if speeds[0] >= 0.0 >= speeds[1]:
        return
    by_sign = np.array([OFF if speeds[0] < 0.0 else ON])
    given = by_sign, np.array([zero]), np.array([crosses]), speeds
    status, chosen = let_go(*given, np.array([rounding]))
    assert speeds[0] <= 0.0 if status == OFF else speeds[1] >= 0.0
    if zero and crosses and speeds[1] > 0.0:
        assert status == ON  # as exact arithmetic, in which what pushes is the larger of the two
    left = speeds[0] <= rounding if status == ON else speeds[1] >= -rounding
    assert chosen == (zero and crosses and left)
