"""The list of presets, with the notes of the one under the cursor."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from reluflow.errors import ReluflowError
from reluflow.store.preset import PresetSummary, list_presets, load_preset


class PresetList(ModalScreen[str | None]):
    """Returns the name of a preset to open, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,o", "leave", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self._presets = list_presets()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue wide tall"):
            yield Static("Open a preset   (enter opens, esc leaves)", classes="title", markup=False)
            widest = max((len(preset.name) for preset in self._presets), default=0)
            yield OptionList(*(Option(_line(preset, widest)) for preset in self._presets), markup=False)
            with VerticalScroll(id="notes", can_focus=False):
                yield Static("", markup=False)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one("#notes Static", Static).update(_notes(self._presets[event.option_index]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._presets[event.option_index].name)

    def action_leave(self) -> None:
        self.dismiss(None)


def _line(preset: PresetSummary, widest: int) -> str:
    return f"{preset.name:<{widest}}  {'(yours) ' if preset.user else ''}{preset.title}"


def _notes(preset: PresetSummary) -> str:
    try:
        loaded = load_preset(preset.name)
    except ReluflowError as error:
        return str(error)
    paragraphs = [*loaded.notes.split("\n\n"), loaded.source]
    # The lines of the file are as long as its author liked; here they are as long as the page is wide.
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip())
