"""Pictures of a state, one a file: pure functions from a state and a problem to rows of text.

A view never fails: where data cannot be drawn in its way it says so in a sentence. What is dear and depends
on the problem alone is computed once for each problem.
"""

from typing import TYPE_CHECKING, Final, Protocol

from reluflow.registry import Entry, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from reluflow.flow.base import State
    from reluflow.observe.history import History
    from reluflow.plot.cells import Row
    from reluflow.plot.glyphs import Glyphs
    from reluflow.problem import Problem

    #: view(state, problem, width, height, glyphs, cursor): ``height`` rows of ``width`` cells; ``cursor`` is
    #: the number of a neuron to mark, or None
    View = Callable[[State, Problem, int, int, Glyphs, int | None], list[Row]]

    class RunPicture(Protocol):
        """A picture of a whole run, which is good for every time of it."""

        def rows(self, state: State, width: int, height: int, glyphs: Glyphs, cursor: int) -> list[Row]:
            """``height`` rows of ``width`` cells, with a line at the time of the state."""

    #: view(history, until, size, glyphs, cursor, problem): the run up to a flow time on (width, height)
    #: cells; ``cursor`` is the number of a neuron to mark
    RunView = Callable[[History, float, tuple[int, int], Glyphs, int, Problem], RunPicture]

#: Every view of a state, in the order in which the app goes through them.
VIEWS: "Final[Registry[Entry, View]]" = Registry(
    {
        "directions": Entry(
            "reluflow.plot.views.compass:directions_view",
            "where neurons point, by angle or in the fullest plane, with the data; outside is large",
        ),
        "function": Entry(
            "reluflow.plot.views.function:function_view",
            "for one input: h(x), the data, and a star at each neuron's kink and height a_j |w_j|",
        ),
        "bundle": Entry(
            "reluflow.plot.views.bundle:bundle_view",
            "for one neuron as teacher: v* - v in the eigenvectors of X'X, v the sum of a_j w_j",
        ),
        "field": Entry(
            "reluflow.plot.views.field:field_view",
            "growth rate of a small neuron over its direction, one curve a sign, with kinks and the neurons",
        ),
        "spectrum": Entry(
            "reluflow.plot.views.spectrum:spectrum_view",
            "eigenvalues of the tangent kernel and singular values of the hidden weights, largest first",
        ),
        "norms": Entry("reluflow.plot.views.norms:norms_view", "|w_j| of either sign, largest first"),
    }
)
#: Every view of a whole run; they are drawn from its history, and come after the others.
RUN_VIEWS: "Final[Registry[Entry, RunView]]" = Registry(
    {
        "norms over time": Entry(
            "reluflow.plot.views.growth:draw_growth", "|w_j| over the run so far, with a line at the present"
        ),
        "margins over time": Entry(
            "reluflow.plot.views.margins:draw_margins",
            "for labels: the normalised margin, smoothed and not, and the accuracy, over log time",
        ),
        "departure over time": Entry(
            "reluflow.plot.views.departure:draw_departure",
            "distances of the kernel, the activations and the parameters from the start: rich or lazy",
        ),
    }
)
