"""One thread for linear algebra: the arrays are small, and more threads wait for each other most of the time.

A cluster that exports OMP_NUM_THREADS=2 makes a run of high dimension several times slower. And sums over
another number of threads are rounded otherwise, so that a run would depend on the machine.
"""

import os
from collections.abc import MutableMapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, Final

#: read by the libraries when NumPy is imported
VARIABLES: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def set_for_this_process(environment: MutableMapping[str, str] = os.environ) -> None:
    """For a process of our own, before NumPy is imported, whatever was exported to it."""
    environment.update(dict.fromkeys(VARIABLES, "1"))


def one_thread() -> AbstractContextManager[Any]:
    """While entered linear algebra has one thread, also in a program that has imported NumPy with more."""
    if all(os.environ.get(name) == "1" for name in VARIABLES):
        return nullcontext()
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limited


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@cache
def one_thread_for_good() -> None:
    """From now on linear algebra has one thread in this process, which was started by somebody else."""
    os.environ.update(dict.fromkeys(VARIABLES, "1"))  # for libraries that are loaded later
    _controller().limit(limits=1, user_api="blas")
