"""What the papers predict, from a problem alone; nothing here sees a run except through ``Prediction``."""

from importlib import import_module
from typing import Final

from reluflow.problem import Problem
from reluflow.theory.prediction import Prediction

#: Modules with a function ``predictions(problem)``, in the order of the table.
CHAPTERS: Final = ("orthogonal", "correlated", "minimum_norm", "general", "limit")


def all_predictions(problem: Problem) -> list[Prediction]:
    """Every prediction there is for a problem, also those that say why they do not apply."""
    found: list[Prediction] = []
    for chapter in CHAPTERS:
        found += import_module(f"reluflow.theory.{chapter}").predictions(problem)
    return found
