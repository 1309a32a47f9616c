"""Undo and redo of what a run is made from."""

from typing import Final

from reluflow.store.preset import Preset

#: So many changes can be undone.
MOST: Final = 200


class Changes:
    """The presets before and after the present one, in the order in which they were run."""

    def __init__(self, present: Preset) -> None:
        self.present = present
        self._before: list[Preset] = []
        self._after: list[Preset] = []

    def go(self, preset: Preset) -> None:
        """A new present preset; what was undone is forgotten."""
        self._before = [*self._before[-MOST + 1 :], self.present]
        self._after = []
        self.present = preset

    def replace(self, preset: Preset) -> None:
        """The present preset, in other words: what was before and after it stays."""
        self.present = preset

    def undo(self) -> Preset | None:
        """The preset before, which becomes the present one; None if there is none."""
        return self._turn(self._before, self._after)

    def redo(self) -> Preset | None:
        """The preset that was undone last, which becomes the present one; None if there is none."""
        return self._turn(self._after, self._before)

    def refuse(self, run: Preset) -> None:
        """Back to the preset that is run, because what was tried after it cannot be."""
        for source in (self._before, self._after):
            if any(each is run for each in source):
                while self.present is not run:
                    self.present = source.pop()
                return

    def _turn(self, source: list[Preset], other: list[Preset]) -> Preset | None:
        if not source:
            return None
        other.append(self.present)
        self.present = source.pop()
        return self.present
