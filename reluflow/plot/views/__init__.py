"""Pictures of a state, one a file: pure functions from a state and a problem to rows of text.

A view never fails: where data cannot be drawn in its way it says so in a sentence. What is dear and depends
on the problem alone is computed once for each problem.
"""

from collections.abc import Callable
from typing import Final

from reluflow.flow.base import State
from reluflow.plot.cells import Row
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.views.bundle import bundle_view
from reluflow.plot.views.compass import directions_view
from reluflow.plot.views.function import function_view
from reluflow.plot.views.norms import norms_view
from reluflow.plot.views.spectrum import spectrum_view
from reluflow.problem import Problem

#: view(state, problem, width, height, glyphs, cursor): ``height`` rows of ``width`` cells; ``cursor`` is the
#: number of a neuron to mark, or None
View = Callable[[State, Problem, int, int, Glyphs, int | None], list[Row]]

VIEWS: Final[dict[str, View]] = {
    "directions": directions_view,
    "function": function_view,
    "bundle": bundle_view,
    "spectrum": spectrum_view,
    "norms": norms_view,
}
