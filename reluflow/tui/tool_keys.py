"""What the keys do that look closer and take something away: inspector, theory, palette, copy, picture.

Here and in the other modules of keys a screen is imported when it is first opened, for a quick start.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from reluflow.errors import ReluflowError
from reluflow.tui.core import Core
from reluflow.tui.messages import EventChosen
from reluflow.tui.moment import Moment
from reluflow.tui.takeaway import copy, neuron_at, run_command, save_screenshot, values_at

if TYPE_CHECKING:
    from reluflow.tui.screens.copy_menu import Copyable
    from reluflow.tui.screens.inspector import Looked
    from reluflow.tui.subjects import Kind


class ToolKeys(Core):
    """Actions that change no run."""

    def action_inspect(self) -> None:
        """The page about the neuron under the cursor, which follows to the one looked at last."""
        self._look_at("neuron")

    def action_inspect_moment(self) -> None:
        """The page about what is at this time: the event if there is one, else the plateau."""
        moment = self.moment
        history = moment.frame.history if moment is not None else None
        happens = moment is not None and history is not None and len(history.events_at(moment.t)) > 0
        self._look_at("event" if happens else "plateau")

    def _look_at(self, kind: "Kind") -> None:
        moment = self.moment
        if moment is None or moment.state is None:
            self.say("there is nothing to look at yet")
            return
        from reluflow.tui.screens.inspector import Inspector

        neuron = self.table.cursor
        page = Inspector(moment.frame, moment.t, neuron, self.glyphs, moment.plateaus, kind)
        self.push_screen(page, self._looked)

    def _looked(self, looked: "Looked | None") -> None:
        if looked is None:
            return
        self.table.go_to(looked.neuron)
        if looked.t is not None:
            self.transport.go_to(looked.t)

    def on_event_chosen(self, event: EventChosen) -> None:
        self._look_at("event")

    def follow(self, moment: Moment) -> None:
        """Let open pages show a newer moment."""
        if len(self.screen_stack) == 1:
            return
        from reluflow.tui.screens.inspector import Inspector
        from reluflow.tui.screens.verify import VerifyPage

        for screen in self.screen_stack:
            if isinstance(screen, Inspector):
                screen.show(moment.frame, moment.t, moment.plateaus)
            elif isinstance(screen, VerifyPage):
                screen.show(moment.frame)

    def action_verify(self) -> None:
        """What the theory predicts beside what the run on show measures."""
        from reluflow.tui.screens.verify import VerifyPage

        if self.moment is not None:
            self.push_screen(VerifyPage(self.moment.frame, self.glyphs))

    def action_palette(self) -> None:
        from reluflow.tui.screens.palette import Palette

        self.push_screen(Palette(self.actions), self._chosen)

    async def _chosen(self, id: str | None) -> None:
        if id is None:
            return
        from reluflow.tui.screens.full_page import PAGE_ACTIONS, FullPage

        if isinstance(self.screen, FullPage) and id not in PAGE_ACTIONS:
            # it is about the panels, which the page would hide
            self.screen.action_leave()
        await self.action_do(id)

    def action_copy(self) -> None:
        """Ask what to copy: the command that makes this run, its preset, where the cursor is, a neuron."""
        from reluflow.tui.screens.copy_menu import Copyable, CopyMenu

        preset = self.changes.present
        try:
            offers = [Copyable("c", "the command", run_command(preset))]
        except ReluflowError as error:
            # a preset whose file is gone has no command, but the rest is still there
            self.complain(error)
            offers = []
        offers.append(Copyable("p", "the preset (TOML)", preset.to_toml()))
        if self.moment is not None:
            neuron = getattr(self.screen, "neuron", self.table.cursor)
            offers.append(Copyable("v", "time and loss at the cursor", values_at(self.moment)))
            text = neuron_at(self.moment, neuron)
            offers += [Copyable("n", f"weights of neuron {neuron}", text)] if text else []
        self.push_screen(CopyMenu(offers), self._copy)

    def _copy(self, chosen: "Copyable | None") -> None:
        if chosen is None:
            return
        try:
            path = copy(self, chosen.text)
        except ReluflowError as error:
            self.complain(error)
            return
        first, *more = chosen.text.strip().splitlines()
        self.say(f"copied, and written to {path}: {first}{' ...' if more else ''}")

    def action_picture(self) -> None:
        """Write the screen as a picture into the working folder."""
        try:
            self.say(f"screen saved in {save_screenshot(self, self.changes.present.name, Path())}")
        except ReluflowError as error:
            self.complain(error)
