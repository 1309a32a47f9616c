"""The event loop of the app, which tells the solver when it is at work."""

import asyncio
import selectors

from reluflow.live.front import Front


class _Selector(selectors.DefaultSelector):
    """Waits for keys and timers, at rest meanwhile."""

    def __init__(self, front: Front) -> None:
        super().__init__()
        self._front = front

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._front.rest()
        try:
            return super().select(timeout)
        finally:
            self._front.begin()

    def close(self) -> None:
        self._front.rest()
        super().close()


def attentive_loop(front: Front) -> asyncio.AbstractEventLoop:
    """A new event loop, during whose work the solver of a session stands back."""
    return asyncio.SelectorEventLoop(_Selector(front))
