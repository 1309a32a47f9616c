"""The circles controller asks on which circle of directions the field is to be drawn."""

from collections.abc import Callable

from reluflow.plot.circles import CircleChoice
from reluflow.tui.controllers.host import Host


class Circles:
    """Asks for a circle; ``chosen`` is called with what the user chose."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._choice = CircleChoice()
        self.chosen: Callable[[CircleChoice], None] = lambda _: None

    def ask(self) -> None:
        """Ask for the two directions that it goes through."""
        from reluflow.tui.screens.choose_circle import ChooseCircle

        self._host.ask(ChooseCircle(str(self._choice)), self._take)

    def _take(self, choice: CircleChoice | None) -> None:
        if choice is not None:
            self._choice = choice
            self.chosen(choice)
