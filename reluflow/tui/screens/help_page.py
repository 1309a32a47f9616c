"""The help page, made from the table of keys."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from reluflow.plot.glyphs import Glyphs
from reluflow.tui.bindings import PANEL_KEYS, VERBS, Verb


class HelpPage(ModalScreen[None]):
    """All keys and what the panels show; any of escape, q, ? or enter leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,space", "leave", show=False),
    ]

    def __init__(self, glyphs: Glyphs, verbs: Sequence[Verb] = VERBS) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._verbs = verbs

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialogue wide"):
            yield Static("Keys", classes="title")
            yield Static(help_text(self._glyphs, self._verbs), markup=False)

    def action_leave(self) -> None:
        self.dismiss(None)


def help_text(glyphs: Glyphs, verbs: Sequence[Verb] = VERBS) -> str:
    """The page as text."""
    lines: list[str] = []
    where = ""
    for verb in verbs:
        if verb.group != where:
            lines += ["", verb.group] if lines else [verb.group]
            where = verb.group
        lines.append(f"  {verb.shown:<7}{verb.long}")
    for panel, keys, what in PANEL_KEYS:
        if panel != where:
            lines += ["", panel]
            where = panel
        lines.append(f"  {keys:<12}{what}" if len(keys) < 12 else f"  {keys}\n{'':<14}{what}")
    lines += ["", "directions", *_legend(glyphs), "", "esc leaves this page"]
    return "\n".join(lines)


def _legend(glyphs: Glyphs) -> list[str]:
    return [
        f"  {glyphs.positive} output weight above 0   {glyphs.negative} below 0   {glyphs.still} zero",
        f"  {glyphs.positive_cursor}{glyphs.negative_cursor} the neuron under the cursor   "
        f"{glyphs.point} a sample, with its number",
        "  The angle is that of the hidden weights; the radius grows with log |w|.",
        f"  {glyphs.mark} in the loss: the cursor; what is faint beyond it is solved already",
    ]
