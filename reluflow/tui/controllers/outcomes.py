"""The outcomes controller says what lies between the run on show and the one that was kept last."""

from dataclasses import replace
from functools import partial

from reluflow.store.preset import Preset
from reluflow.sweep.edges.outcomes import StoppedError
from reluflow.sweep.edges.tracking import Edge, edge_between
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.controllers.comparison import Comparison
from reluflow.tui.controllers.host import Host
from reluflow.tui.cursor import Cursor
from reluflow.tui.frozen_runs import LETTERS


class Outcomes:
    """Tracks the boundary between the outcomes of two runs, one pair at a time, in a thread."""

    def __init__(self, cursor: Cursor, comparison: Comparison, host: Host) -> None:
        self._cursor, self._comparison, self._host = cursor, comparison, host
        self._busy = False

    def find(self) -> None:
        """Begin to look for what lies between the two runs, or say why that cannot be."""
        moment, kept = self._cursor.moment, self._comparison.frozen
        if self._busy:
            self._host.say("a boundary is being looked for already")
        elif moment is None or not kept:
            self._host.say("there is no run to compare this one with; f keeps the run on show")
        else:
            self._busy = True
            letter, last = LETTERS[len(kept) - 1], kept[-1].preset
            self._host.say(f"looking for what lies between this run and the one kept last ({letter})")
            # both may be runs of one preset: sentences about them call them what they are on screen
            one = replace(moment.frame.preset, name="this run")
            self._host.in_background(partial(self._find, one, replace(last, name=f"{letter} ({last.name})")))

    async def _find(self, one: Preset, other: Preset) -> None:
        def interrupted_by() -> str | None:
            return None if self._host.is_running else "the end of the app"

        def work() -> Edge | None:
            try:
                return edge_between(one, other, interrupted_by=interrupted_by)
            except StoppedError:
                return None

        found = await in_thread(work)
        self._busy = False
        if isinstance(found, Edge):
            self._host.say(f"{found.path} = {found.at:.6g}: {found.sentence}")
        elif isinstance(found, Broken):
            self._host.complain(found.sentence)
