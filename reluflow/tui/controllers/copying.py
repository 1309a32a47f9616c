"""The copying controller puts texts on the clipboard and writes pictures of the screen."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from reluflow.errors import ReluflowError
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.controllers.table import Table
from reluflow.tui.cursor import Cursor
from reluflow.tui.export import neuron_at, run_command, values_at, write_clipboard

if TYPE_CHECKING:
    from reluflow.tui.screens.copy_menu import Copyable


class Copying:
    """Copies texts and pictures.

    ``clipboard`` puts a text on the terminal's clipboard; ``screenshot`` writes the screen to a folder, under
    a name, and returns the file; it raises ReluflowError.
    """

    def __init__(
        self,
        cursor: Cursor,
        parameters: Parameters,
        table: Table,
        host: Host,
        clipboard: Callable[[str], None],
        screenshot: Callable[[str, Path], Path],
    ) -> None:
        self._cursor, self._parameters, self._table, self._host = cursor, parameters, table, host
        self._clipboard, self._screenshot = clipboard, screenshot

    def ask(self) -> None:
        """Ask what to copy: the command that makes this run, its preset, where the cursor is, a neuron."""
        from reluflow.tui.screens.copy_menu import Copyable, CopyMenu

        preset, moment = self._parameters.present, self._cursor.moment
        try:
            offers = [Copyable("c", "the command", run_command(preset))]
        except ReluflowError as error:
            # a preset whose file is gone has no command, but the rest is still there
            self._host.complain(error)
            offers = []
        offers.append(Copyable("p", "the preset (TOML)", preset.to_toml()))
        if moment is not None:
            neuron = getattr(self._host.screens[-1], "neuron", self._table.cursor)
            offers.append(Copyable("v", "time and loss at the cursor", values_at(moment)))
            text = neuron_at(moment, neuron)
            offers += [Copyable("n", f"weights of neuron {neuron}", text)] if text else []
        self._host.ask(CopyMenu(offers), self.copy)

    def copy(self, chosen: "Copyable | None") -> None:
        """Put a text on the clipboard, and into a file where the terminal has none for us."""
        if chosen is None:
            return
        try:
            path = write_clipboard(chosen.text)
        except ReluflowError as error:
            self._host.complain(error)
            return
        self._clipboard(chosen.text)
        first, *more = chosen.text.strip().splitlines()
        self._host.say(f"copied, and written to {path}: {first}{' ...' if more else ''}")

    def picture(self) -> None:
        """Write the screen as a picture into the working folder."""
        try:
            self._host.say(f"screen saved in {self._screenshot(self._parameters.present.name, Path())}")
        except ReluflowError as error:
            self._host.complain(error)
