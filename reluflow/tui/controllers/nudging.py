"""The nudging controller starts runs from the state at the cursor with one neuron changed."""

from functools import partial
from typing import Final

from reluflow.plot.axes import short
from reluflow.theory.nudges import AMOUNTS, VERBS, Nudge, Verb
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.controllers.table import Table
from reluflow.tui.cursor import Cursor

_MENU: Final = {
    "add": "add one in the direction where it grows fastest",
    "remove": "remove neuron {}",
    "flip": "flip the sign of neuron {}",
    "scale": "scale neuron {} by a factor",
    "turn": "turn neuron {} by degrees",
}
_HINTS: Final = {
    "add": "|w| = |a| = size; 1e-6 2: the second fastest direction",
    "scale": "w and a times the factor, above 0",
    "turn": "so much is added to its angle in the table; -10: back",
}


class Nudging:
    """Asks for a change of the neuron under the cursor, and has the run begun that starts with it."""

    def __init__(self, cursor: Cursor, parameters: Parameters, table: Table, host: Host) -> None:
        self._cursor, self._parameters, self._table, self._host = cursor, parameters, table, host
        #: what was typed last, by verb
        self._amounts = {"add": "1e-6", "scale": "0.1", "turn": "10"}

    def ask(self) -> None:
        """Show the menu of changes."""
        from reluflow.tui.screens.nudge_menu import NudgeMenu

        moment = self._cursor.moment
        if moment is None or moment.state is None:
            self._host.say("there is no neuron yet")
            return
        lines = {verb: line.format(self._table.cursor) for verb, line in _MENU.items()}
        self._host.ask(NudgeMenu(f"Change the network at t = {short(moment.t)}", lines), self._chosen)

    def _chosen(self, verb: str | None) -> None:
        known = next((each for each in VERBS if each == verb), None)
        if known is not None:
            self.begin(known)

    def begin(self, verb: Verb) -> None:
        """Make a change of the network at the cursor; where it needs a number, ask for that first."""
        moment = self._cursor.moment
        if moment is None or moment.state is None:
            self._host.say("there is no neuron yet")
            return
        width = moment.state.output_weights.size
        neuron = width if verb == "add" else min(self._table.cursor, width - 1)
        if verb not in AMOUNTS:
            self._parameters.branch((Nudge(verb, neuron),))
            return
        from reluflow.tui.screens.nudge_menu import HowMuch

        name, title = AMOUNTS[verb].lower(), _MENU[verb].format(neuron).capitalize()
        question = HowMuch(title, name, self._amounts[verb], _HINTS[verb], partial(self._read, verb, neuron))
        self._host.ask(question, self._nudge)

    def _read(self, verb: Verb, neuron: int, text: str) -> Nudge:
        nudge = Nudge.read(f"{verb} {neuron} {text}")
        self._amounts[verb] = text.strip()
        return nudge

    def _nudge(self, nudge: Nudge | None) -> None:
        if nudge is not None:
            self._parameters.branch((nudge,))
