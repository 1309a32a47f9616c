"""Long work in a thread of its own, which nobody has to wait for on leaving."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


async def in_thread(work: Callable[[], _Result]) -> _Result:
    """What ``work`` returns, computed in a daemon thread; it must not raise.

    Unlike the threads of asyncio's own pool, this one does not hold up the end of the process.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_Result] = loop.create_future()

    def deliver(result: _Result) -> None:
        if not outcome.done():
            outcome.set_result(result)

    def run() -> None:
        result = work()
        # the app may have gone in the meantime
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, result)

    threading.Thread(target=run, name="background", daemon=True).start()
    return await outcome
