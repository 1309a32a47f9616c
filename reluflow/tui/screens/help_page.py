"""The help page, made from the registries of keys and the glossary; it begins with the panel in focus."""

import textwrap
from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from reluflow.plot.glyphs import Glyphs
from reluflow.registry.glossary import GLOSSARY
from reluflow.tui.actions import ACTIONS, Action
from reluflow.tui.arrangement import TITLES
from reluflow.tui.panel_keys import PANEL_KEYS
from reluflow.tui.screens.dialogue import Dialogue

#: cells of a line of the glossary
_PAGE: Final = 52
#: What each panel or page shows, in a sentence or two.
ABOUT: Final[dict[str, str]] = {
    "loss": "The loss of the run over time. Where it rests are plateaus, named S1, S2, ...: the network is "
    "near a saddle. The vertical line is the cursor; what is faint beyond it is solved already.",
    "directions": "A picture of all neurons at the time of the cursor. In the compass the angle is that of "
    "the hidden weights and the radius grows with log |w|; n shows other pictures.",
    "neurons": "The neurons one by one at the time of the cursor: the sign of the output weight, the norm of "
    "the hidden weights, their direction, and the samples on which the neuron is active.",
    "looking closely": "All numbers of one neuron, sample, plateau or event, and the formulas behind them.",
    "predictions": "What the theory says of this run, row by row: holds, fails, not yet, or does not apply; "
    "beside each what is predicted and what is measured.",
    "sweep": "The rows of a sweep as a map, or a curve over one number. A cell is dense and near 9 where its "
    "value is large, blank where there is no run; below are the runs of the cell under the cursor.",
    "runs": "The run directories of a folder, followed while other processes write there. The line is the "
    "curve of the run under the cursor; those of marked runs are dotted, each with its letter.",
    "range of a number": "How a result depends on one number of the parameters: each point is a run, solved "
    "beside the live one, coarse to fine. The thin vertical line is the number as it is now.",
    "points": "The samples, over what the network makes of them: h as a curve, or for two coordinates the "
    "line on which h = 0. The training follows every change.",
    "parameters": "What the run is made from. A number is typed, or stepped with left and right; a run that "
    "takes no time is solved anew at each step. > is typed but not applied, * is not so on file, ! cannot "
    "be used.",
}


class HelpPage(Dialogue[None]):
    """A page about the panel in focus and its keys, then all other keys, the signs, and what words mean.

    Escape, q, ? or enter leaves it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,space", "leave", show=False),
    ]

    def __init__(self, glyphs: Glyphs, actions: Sequence[Action] = ACTIONS, panel: str = "") -> None:
        super().__init__()
        #: the page as text
        self.text = help_text(glyphs, actions, panel)

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialogue wide"):
            yield Static("Keys, signs and words", classes="title")
            yield Static(self.text, markup=False)


def help_text(glyphs: Glyphs, actions: Sequence[Action] = ACTIONS, panel: str = "") -> str:
    """The page as text; ``panel``: the one to begin with, "" for none."""
    lines: list[str] = _about(panel, actions) if panel else []
    where = ""
    for action in actions:
        if action.group != where:
            lines += ["", action.group] if lines else [action.group]
            where = action.group
        lines.append(_line(action))
    for name in dict.fromkeys(row.place for row in PANEL_KEYS):
        if name != panel:
            lines += ["", f"in the {TITLES[name]}" if name in TITLES else name, *_own_keys(name)]
    lines += ["", "signs", *_legend(glyphs), "", "words", *_words(), "", "esc leaves this page"]
    return "\n".join(lines)


def _about(panel: str, actions: Sequence[Action]) -> list[str]:
    own = [_line(action) for action in actions if action.panel == panel]
    return [f"{TITLES.get(panel, panel)}: {ABOUT[panel]}", "", *own, *_own_keys(panel)]


def _line(action: Action) -> str:
    return f"  {action.shown:<9} {action.help}"


def _own_keys(panel: str) -> list[str]:
    rows = []
    for row in PANEL_KEYS:
        if row.place == panel:
            short = len(row.shown) <= 9
            rows.append(f"  {row.shown:<9} {row.help}" if short else f"  {row.shown}\n{'':<12}{row.help}")
    return rows


def _words() -> list[str]:
    return [line for term, meaning in GLOSSARY.items() for line in _wrapped(f"{term}: {meaning}")]


def _wrapped(text: str) -> list[str]:
    """The lines of a paragraph, indented, as wide as the page is on a narrow terminal."""
    return textwrap.wrap(text, _PAGE, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _legend(glyphs: Glyphs) -> list[str]:
    return [
        f"  {glyphs.positive} output weight above 0   {glyphs.negative} below 0   {glyphs.still} zero",
        f"  {glyphs.positive_cursor}{glyphs.negative_cursor} the neuron under the cursor   "
        f"{glyphs.point} a sample, with its number",
        f"  {glyphs.mark} in the loss: the cursor   {glyphs.focus} the panel in focus",
    ]
