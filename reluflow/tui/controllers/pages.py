"""The pages controller opens the inspector, the predictions, the help and the palette."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from reluflow.plot.glyphs import Glyphs
from reluflow.tui.actions import MENU_ACTIONS, Action
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.layout import Layout
from reluflow.tui.controllers.table import Table
from reluflow.tui.controllers.transport import Transport
from reluflow.tui.cursor import Cursor
from reluflow.tui.moment import Moment

if TYPE_CHECKING:
    from reluflow.tui.page_source import Kind
    from reluflow.tui.screens.inspector import InspectorResult


class Pages:
    """Opens pages and keeps them up to date. A screen is imported when it is first opened, for a quick start.

    ``do`` carries out an action of the registry by its id.
    """

    def __init__(
        self,
        cursor: Cursor,
        transport: Transport,
        table: Table,
        layout: Layout,
        glyphs: Glyphs,
        actions: Sequence[Action],
        host: Host,
        do: Callable[[str], Awaitable[None]],
    ) -> None:
        self._cursor, self._transport, self._table, self._layout = cursor, transport, table, layout
        self._glyphs, self._actions, self._host, self._do = glyphs, actions, host, do

    def inspect_neuron(self) -> None:
        """The page about the neuron under the cursor; the cursor then goes to the one looked at last."""
        self._inspect("neuron")

    def inspect_moment(self) -> None:
        """The page about what is at this time: the event if there is one, else the plateau."""
        moment = self._cursor.moment
        history = moment.frame.history if moment is not None else None
        happens = moment is not None and history is not None and len(history.events_at(moment.t)) > 0
        self._inspect("event" if happens else "plateau")

    def inspect_event(self) -> None:
        """The page about the event at this time."""
        self._inspect("event")

    def _inspect(self, kind: "Kind") -> None:
        moment = self._cursor.moment
        if moment is None or moment.state is None:
            self._host.say("there is nothing to look at yet")
            return
        from reluflow.tui.screens.inspector import Inspector

        page = Inspector(moment.frame, moment.t, self._table.cursor, self._glyphs, moment.plateaus, kind)
        self._host.ask(page, self._inspected)

    def _inspected(self, looked: "InspectorResult | None") -> None:
        if looked is None:
            return
        self._table.go_to(looked.neuron)
        if looked.t is not None:
            self._transport.go_to(looked.t)

    def follow(self, moment: Moment) -> None:
        """Let open pages show a newer moment."""
        _, *pages = self._host.screens
        if not pages:
            return
        from reluflow.tui.screens.inspector import Inspector
        from reluflow.tui.screens.points_editor import PointsEditor
        from reluflow.tui.screens.verify import VerifyPage

        for page in pages:
            if isinstance(page, Inspector):
                page.show(moment.frame, moment.t, moment.plateaus)
            elif isinstance(page, VerifyPage):
                page.show(moment.frame)
            elif isinstance(page, PointsEditor):
                page.show(moment.live)

    def verify(self) -> None:
        """Compare what the theory predicts with what the run on show measures."""
        moment = self._cursor.moment
        if moment is None:
            return
        from reluflow.tui.screens.verify import VerifyPage

        self._host.ask(VerifyPage(moment.frame, self._glyphs), lambda _: None)

    def help(self) -> None:
        """All keys, those of the page on top or of the panel in focus first."""
        from reluflow.tui.screens.help_page import HelpPage

        topic = getattr(self._host.screens[-1], "topic", "") or self._layout.panel
        self._host.ask(HelpPage(self._glyphs, self._actions, topic), lambda _: None)

    def palette(self) -> None:
        """Find an action by typing a part of its help."""
        from reluflow.tui.screens.palette import Palette

        self._host.ask(Palette((*self._actions, *MENU_ACTIONS)), self._chosen)

    async def _chosen(self, id: str | None) -> None:
        if id is None:
            return
        from reluflow.tui.screens.dialogue import PAGE_ACTIONS, FullPage

        page = self._host.screens[-1]
        if isinstance(page, FullPage) and id not in PAGE_ACTIONS:
            # it is about the panels, which the page would hide
            page.action_leave()
        await self._do(id)
