"""The history of presets, for undo and redo."""

from typing import Final

from reluflow.store.preset import Preset

#: So many changes can be undone.
MOST: Final = 200


class UndoHistory:
    """The presets before and after the present one, in the order in which they were run."""

    def __init__(self, present: Preset) -> None:
        self.present = present
        self._before: list[Preset] = []
        self._after: list[Preset] = []

    def add(self, preset: Preset) -> None:
        """Make a preset the present one; what was undone is forgotten."""
        self._before = [*self._before[-MOST + 1 :], self.present]
        self._after = []
        self.present = preset

    def replace(self, preset: Preset) -> None:
        """The present preset under another name or path: what was before and after it stays."""
        self.present = preset

    def undo(self) -> Preset | None:
        """The preset before, which becomes the present one; None if there is none."""
        return self._turn(self._before, self._after)

    def redo(self) -> Preset | None:
        """The preset that was undone last, which becomes the present one; None if there is none."""
        return self._turn(self._after, self._before)

    def go_back_to(self, run: Preset) -> None:
        """Make the preset that is run the present one again, because those tried after it cannot be run."""
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
