"""The list of presets and run directories that can be opened, with notes on each."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import OptionList, Static

from reluflow.tui.catalogue import Entry, all_entries, matching, notes_of
from reluflow.tui.screens.search_list import SearchList

#: from this width on the notes stand beside the list, else below it
_BESIDE: Final = 100
#: cells of the list that names get at most
_WIDEST: Final = 32


class PresetList(SearchList[Entry]):
    """Returns the name of a preset or the path of a run directory to open, or None.

    What is typed narrows the list: every word must be found in a name, a title or a source.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "scroll(6)", show=False),
        Binding("shift+tab", "scroll(-6)", show=False),
    ]

    def __init__(self, suggested: str | None = None) -> None:
        super().__init__()
        self._entries = all_entries()
        self._suggested = suggested

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue tall", id="browser"):
            yield Static(
                "Open   (enter opens, tab scrolls the notes, esc leaves)",
                classes="title",
                markup=False,
            )
            yield from self.field("type a part of a name, a title or a source")
            with Horizontal(id="entries"):
                yield from self.options()
                with VerticalScroll(id="notes", can_focus=False):
                    yield Static("", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= _BESIDE, "-beside")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self.found):
            self._tell(notes_of(self.found[event.option_index]))

    def action_scroll(self, by: int) -> None:
        self.query_one("#notes").scroll_relative(y=by, animate=False)

    def fitting(self, query: str) -> list[Entry]:
        return matching(query, self._entries)

    def lines(self, found: Sequence[Entry]) -> list[str]:
        widest = min(max((len(_name(entry)) for entry in found), default=0), _WIDEST)
        return [f"{_name(entry):<{widest}}  {entry.title}" for entry in found]

    def answer(self, item: Entry) -> str:
        return item.target

    def first(self) -> int:
        names = [entry.target for entry in self.found]
        return names.index(self._suggested) if self._suggested in names else 0

    def narrow(self, query: str) -> None:
        super().narrow(query)
        if not self.found:
            self._tell("nothing of that name, title or source")

    def _tell(self, text: str) -> None:
        notes = self.query_one("#notes", VerticalScroll)
        notes.query_one(Static).update(text)
        notes.scroll_home(animate=False)


def _name(entry: Entry) -> str:
    return entry.name + {"shipped": "", "own": " (yours)", "run": " (run)", "left": " (cut off)"}[entry.kind]
