"""Where the small neurons of a start end while nothing is seen of them: followed once for all that ask."""

from copy import copy
from typing import Final

import numpy as np

from reluflow.network import Array
from reluflow.problem import Problem
from reluflow.theory.effort import EFFORT, TooManyKinksError
from reluflow.theory.memory import remembered
from reluflow.theory.small_neurons import Field, FinalGrowth, final_growth_in

#: Outputs of a start that are this share of the largest pull are not seen.
SEEN: Final = 1e-6


def start_growth(problem: Problem, residual: Array | None = None) -> tuple[Field, FinalGrowth]:
    """The field of a start, with what is left of its budget, and the ends of all neurons in it.

    ``residual`` (n,): what is left to fit, if the outputs of the start are to be seen in it. Raises
    TooManyKinksError.
    """
    pull = problem.pull_at_zero
    if residual is not None and np.max(np.abs(residual - pull)) > SEEN * np.max(np.abs(pull)):
        field = Field(problem.inputs, residual, problem.slope, EFFORT.budget)
        return field, final_growth_in(field, problem.weights, problem.output_weights)
    found = _followed(problem)
    if isinstance(found, TooManyKinksError):
        raise TooManyKinksError(*found.args)
    field, ends = found
    return copy(field), ends


@remembered
def _followed(problem: Problem) -> tuple[Field, FinalGrowth] | TooManyKinksError:
    field = Field(problem.inputs, problem.pull_at_zero, problem.slope, EFFORT.budget)
    try:
        return field, final_growth_in(field, problem.weights, problem.output_weights)
    except TooManyKinksError as error:
        return error
