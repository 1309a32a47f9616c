"""Groups of rows by one number as a curve to be drawn."""

import numpy as np

from reluflow.plot.sweep import Curve
from reluflow.sweep.summary import Groups
from reluflow.sweep.theory_line import Line


def curve_of(groups: Groups, theory: Line | None = None) -> Curve:
    """The curve over the one column of numbers that the rows are grouped by, and the theory's beside it."""
    x = groups.at[0].astype(float)
    order = np.argsort(x, kind="stable")
    if groups.value == "success":  # a rate has no quartiles, but an interval
        low, middle, high = groups.interval[:, 0], groups.success_rate, groups.interval[:, 1]
        name = "share of successes, with Wilson's interval,"
    else:
        low, middle, high = groups.quartiles.T
        name = f"median of {groups.value}, with its quartiles,"
    line, theory_name = (None, "") if theory is None else (theory.values[order], theory.name)
    name = f"{name} over {groups.by[0]}"
    return Curve(x[order], middle[order], low[order], high[order], name, line, theory_name)
