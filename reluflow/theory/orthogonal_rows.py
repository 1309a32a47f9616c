"""What all rows for orthogonal inputs need: the limit process, and what was checked."""

from reluflow.observe.plateaus import PLATEAUS
from reluflow.problem import Problem
from reluflow.theory.effort import TooLongError
from reluflow.theory.jump_process import JumpProcess, limit_process, sharp_process
from reluflow.theory.orthogonal_assumptions import why_not, why_not_paper
from reluflow.theory.prediction import Measure, Prediction
from reluflow.theory.start_growth import start_growth

PAPER = "Boursier et al. 2022 (arXiv 2206.00939)"
DERIVED = "derived"
#: Losses of two plateaus are told apart if their logarithms differ by twice what is one plateau in a run.
APART = 2.0 * PLATEAUS.same


class Rows:
    """The limit process of a problem, and rows in its loss and flow time.

    ``reason``, ``paper_reason``: the assumption of the derived rows, and of the paper's, that fails; None if
    all hold. ``limit``, ``sharp``: the jumps in the limit of vanishing scale and at the scale of the start,
    where the derived rows apply.
    """

    limit: JumpProcess
    sharp: JumpProcess

    def __init__(self, problem: Problem, like: "Rows | None" = None) -> None:
        """``like``: others of the same problem, which have solved for the process already."""
        self.problem = problem
        self.reason = why_not(problem)
        self.paper_reason = why_not_paper(problem)
        if self.reason is not None:
            return
        if like is not None:
            self.limit, self.sharp = like.limit, like.sharp
            return
        parts = (problem.inputs, problem.targets, problem.weights, problem.output_weights)
        try:
            _, grown = start_growth(problem)
        except TooLongError as error:
            self.reason = self.paper_reason = str(error)
            return
        self.limit, self.sharp = limit_process(*parts, grown), sharp_process(*parts, grown)

    def row(
        self, name: str, statement: str, source: str, reason: str | None, predicted: float | None,
        measure: Measure, tolerance: float, absolute: bool = False, pending: str | None = None,
    ) -> Prediction:  # fmt: skip
        """A row that does not apply for a ``reason``, or whose limit is not reached, ``pending`` why."""
        applies = reason is None and pending is None
        return Prediction(
            f"orthogonal/{name}",
            statement,
            source,
            applies,
            reason or pending or "the inputs are orthogonal and the start is small",
            predicted if applies else None,
            measure,
            tolerance,
            absolute,
            pending=reason is None and pending is not None,
        )
