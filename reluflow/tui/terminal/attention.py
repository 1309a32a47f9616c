"""The event loop of the app, which lets the solver know when the app is at work."""

import asyncio
import selectors

from reluflow.live.front import Front


class _Selector(selectors.DefaultSelector):
    """Waits for keys and timers; while it waits the app is at rest."""

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
    """A new event loop; while it works, the solver of a session waits."""
    return asyncio.SelectorEventLoop(_Selector(front))
