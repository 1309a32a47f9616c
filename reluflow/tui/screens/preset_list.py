"""The list of presets, run directories and data files that can be opened, with notes on each."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, OptionList, Static

from reluflow.tui.catalogue import Entry, all_entries, matching, notes_of
from reluflow.tui.files import completions, data_entries, data_notes, is_path
from reluflow.tui.screens.search_list import SearchList

#: from this width on the notes stand beside the list, else below it
_BESIDE: Final = 100
#: cells of the list that names get at most
_WIDEST: Final = 32
#: what stands behind a name, by the kind of the entry
_KINDS: Final[Mapping[str, str]] = {
    "own": " (yours)",
    "run": " (run)",
    "left": " (cut off)",
    "data": " (data)",
}


class PresetList(SearchList[Entry]):
    """Returns the name of a preset, or the path of a run directory or a file, to open, or None.

    What is typed narrows the list: every word must be found in a name, a title or a source. What is typed as
    a path is completed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete_or_scroll", show=False),
        Binding("shift+tab", "scroll(-6)", show=False),
    ]

    def __init__(self, suggested: str | None = None) -> None:
        super().__init__()
        self._entries = [*all_entries(), *data_entries()]
        self._suggested = suggested

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue tall", id="browser"):
            yield Static(
                "Open   (enter opens, tab scrolls the notes or completes a path, esc leaves)",
                classes="title",
                markup=False,
            )
            yield from self.field("a part of a name, a title or a source; or a path, such as ./points.csv")
            with Horizontal(id="entries"):
                yield from self.options()
                with VerticalScroll(id="notes", can_focus=False):
                    yield Static("", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= _BESIDE, "-beside")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self.found):
            entry = self.found[event.option_index]
            if entry.kind == "folder":
                self._tell("enter or tab lists what is in it")
            else:
                self._tell(data_notes(entry.target) if entry.kind == "data" else notes_of(entry))

    def action_scroll(self, by: int) -> None:
        self.query_one("#notes").scroll_relative(y=by, animate=False)

    def action_complete_or_scroll(self) -> None:
        """Complete a path that is typed to the entry under the cursor; else scroll the notes."""
        place = self.query_one(OptionList).highlighted
        if place is not None and is_path(self.query_one(Input).value):
            self._complete(self.found[place].target)
        else:
            self.action_scroll(6)

    def _complete(self, path: str) -> None:
        field = self.query_one(Input)
        field.value = path
        field.cursor_position = len(path)

    def choose(self, item: Entry) -> None:
        if item.kind == "folder":
            self._complete(item.target)
        else:
            super().choose(item)

    def fitting(self, query: str) -> list[Entry]:
        found = matching(query, self._entries)
        if not is_path(query):
            return found
        listed = {entry.target.rstrip("/") for entry in found}
        return [*found, *(entry for entry in completions(query) if entry.target not in listed)]

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
    return entry.name + _KINDS.get(entry.kind, "")
