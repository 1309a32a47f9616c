"""What can be opened: presets, shipped and one's own, and run directories; with notes on each."""

from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from reluflow.tui.offers import Offer, all_offers, fitting, notes_of

#: from this width on the notes stand beside the list, else below it
_BESIDE: Final = 100
#: cells of the list that names get at most
_WIDEST: Final = 32


class PresetList(ModalScreen[str | None]):
    """Returns the name of a preset or the path of a run directory to open, or None.

    What is typed narrows the list: every word must be found in a name, a title or a source.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("pagedown", "move(8)", show=False),
        Binding("tab", "scroll(6)", show=False),
        Binding("shift+tab", "scroll(-6)", show=False),
    ]

    def __init__(self, suggested: str | None = None) -> None:
        super().__init__()
        self._offers = all_offers()
        self._found = list(self._offers)
        self._suggested = suggested

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue tall", id="browser"):
            yield Static(
                "Open   (enter opens, tab scrolls the notes, esc leaves)",
                classes="title",
                markup=False,
            )
            yield Input(compact=True, placeholder="type a part of a name, a title or a source")
            with Horizontal(id="offers"):
                # the focus stays where one types
                offers = OptionList(markup=False)
                offers.can_focus = False
                yield offers
                with VerticalScroll(id="notes", can_focus=False):
                    yield Static("", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._show("")
        names = [offer.target for offer in self._found]
        if self._suggested in names:
            self.query_one(OptionList).highlighted = names.index(self._suggested)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= _BESIDE, "-beside")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self._found[place].target)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._found):
            self._tell(notes_of(self._found[event.option_index]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index].target)

    def action_move(self, by: int) -> None:
        offers = self.query_one(OptionList)
        if offers.highlighted is not None:
            offers.highlighted = min(max(offers.highlighted + by, 0), len(self._found) - 1)

    def action_scroll(self, by: int) -> None:
        self.query_one("#notes").scroll_relative(y=by, animate=False)

    def action_leave(self) -> None:
        self.dismiss(None)

    def _show(self, query: str) -> None:
        self._found = fitting(query, self._offers)
        offers = self.query_one(OptionList)
        offers.clear_options()
        widest = min(max((len(_name(offer)) for offer in self._found), default=0), _WIDEST)
        offers.add_options(Option(f"{_name(offer):<{widest}}  {offer.title}") for offer in self._found)
        offers.highlighted = 0 if self._found else None
        if not self._found:
            self._tell("nothing of that name, title or source")

    def _tell(self, text: str) -> None:
        notes = self.query_one("#notes", VerticalScroll)
        notes.query_one(Static).update(text)
        notes.scroll_home(animate=False)


def _name(offer: Offer) -> str:
    return offer.name + {"shipped": "", "own": " (yours)", "run": " (run)"}[offer.kind]
