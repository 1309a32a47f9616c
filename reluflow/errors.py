"""Errors whose message is the one sentence a user reads; no traceback is ever shown for them."""

from enum import IntEnum

from reluflow.shown import one_sentence


class ExitCode(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143

    @classmethod
    def of_signal(cls, number: int) -> "ExitCode":
        """That of a process which a signal has ended."""
        return cls(128 + number)


class ReluflowError(Exception):
    """Something a user can mend. The message says where, what was found and what was expected.

    As text it is one sentence that a terminal can show, whatever a file holds that it speaks of.
    """

    def __str__(self) -> str:
        return one_sentence(super().__str__())


class PresetError(ReluflowError, ValueError):
    """A preset (or a value given with ``--set``) that cannot be used."""


class ProblemError(ReluflowError, ValueError):
    """Arrays that do not make a problem: wrong shapes, NaN or infinity, sizes that do not fit."""


class SolverError(ReluflowError, ValueError):
    """A solver that cannot be used on the problem at hand, or an option it does not know."""


class RunError(ReluflowError):
    """A run directory that cannot be written, opened or resumed."""


class DamageError(RunError):
    """A file of a run directory that is not as it was written."""


def sentence(error: Exception) -> str:
    """Any error in one sentence."""
    if isinstance(error, ReluflowError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for these sizes; expected smaller ones"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return one_sentence(f"{where}{error.strerror or error}")
    return one_sentence(f"{type(error).__name__}: {error}")
