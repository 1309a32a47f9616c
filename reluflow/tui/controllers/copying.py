"""The copying controller puts texts on the clipboard, and writes pictures and figures of the screen."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reluflow.errors import ReluflowError
from reluflow.figures.extra import require_matplotlib
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.controllers.table import Table
from reluflow.tui.cursor import Cursor
from reluflow.tui.drawings import Drawing
from reluflow.tui.export import FIGURE, neuron_at, run_command, values_at, write_clipboard

if TYPE_CHECKING:
    from reluflow.tui.screens.copy_menu import Copyable


class Copying:
    """Copies texts and pictures.

    ``clipboard`` puts a text on the terminal's clipboard; ``screenshot`` writes the screen to a folder, under
    a name, and returns the file; it raises ReluflowError. ``drawing``: the figure for print of what is on
    screen, None where there is none.
    """

    def __init__(
        self,
        cursor: Cursor,
        parameters: Parameters,
        table: Table,
        host: Host,
        clipboard: Callable[[str], None],
        screenshot: Callable[[str, Path], Path],
        drawing: Callable[[], Drawing | None],
    ) -> None:
        self._cursor, self._parameters, self._table, self._host = cursor, parameters, table, host
        self._clipboard, self._screenshot, self._drawing = clipboard, screenshot, drawing

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
        """Write the screen as a picture into the working folder, and beside it a figure for print."""
        try:
            path = self._screenshot(self._parameters.present.name, Path())
        except ReluflowError as error:
            self._host.complain(error)
            return
        drawing = self._drawing()
        if drawing is None:
            self._host.say(f"screen saved in {path}")
            return
        try:
            require_matplotlib()
        except ReluflowError as error:
            self._host.say(f"screen saved in {path}; {error}")
            return
        self._host.say(f"screen saved in {path}; the figure ({drawing.name}) follows")
        self._host.in_background(partial(self._draw, drawing, path.with_suffix(FIGURE)))

    async def _draw(self, drawing: Drawing, path: Path) -> None:
        place = path.absolute()
        done = await in_thread(lambda: drawing.write(place))
        if isinstance(done, Broken):
            self._host.complain(f"there is no figure ({drawing.name}): {done.sentence}")
        else:
            self._host.say(f"figure ({drawing.name}) saved in {path}")
