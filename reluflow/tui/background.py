"""Long work in a thread of its own, for which the end of the app does not wait."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from reluflow.errors import sentence
from reluflow.flow.patience import start_unwaited

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Broken:
    """Work that broke down, and why in one sentence."""

    sentence: str


async def in_thread(work: Callable[[], _Result]) -> _Result | Broken:
    """Compute ``work`` in a daemon thread and return its result; Broken if it raises.

    Whatever is wrong in work beside the run is no reason to end the app: the caller says so and goes on.
    Unlike the threads of asyncio's own pool, this one does not hold up the end of the process.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_Result | Broken] = loop.create_future()

    def deliver(result: _Result | Broken) -> None:
        if not outcome.done():
            outcome.set_result(result)

    def run() -> None:
        result: _Result | Broken
        try:
            result = work()
        except Exception as error:
            result = Broken(sentence(error))
        # the app may have gone in the meantime
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, result)

    start_unwaited(run)
    return await outcome
