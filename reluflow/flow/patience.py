"""Waiting for work that nothing can break off, such as factors of a large matrix, only while it is wanted."""

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from reluflow.flow.base import AbandonedError

#: Seconds between two looks at whether the result is still wanted.
LOOK_SECONDS: Final = 0.02

_NAME: Final = "unwaited"

_Result = TypeVar("_Result")


def patiently(work: Callable[[], _Result], abandoned: Callable[[], bool]) -> _Result:
    """What ``work`` returns or raises, computed in a thread of its own.

    Raises AbandonedError as soon as ``abandoned`` says so; the thread then ends by itself, and whatever it
    works on must not be used any more.
    """
    outcome: list[_Result] = []
    failure: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # it is raised where the result is waited for
            failure.append(error)
        done.set()

    start_unwaited(run)
    while not done.wait(LOOK_SECONDS):
        if abandoned():
            raise AbandonedError
    if failure:
        raise failure[0]
    return outcome[0]


def start_unwaited(work: Callable[[], object]) -> None:
    """Do ``work`` in a thread of its own, for which the end of the process does not wait.

    While ``is_unfinished`` says that it goes on, the interpreter must not be torn down around it: compiled
    code in such a thread then aborts the process.
    """
    threading.Thread(target=work, name=_NAME, daemon=True).start()


def is_unfinished() -> bool:
    """Whether work that nothing waits for is still being done."""
    return any(thread.name == _NAME for thread in threading.enumerate())
