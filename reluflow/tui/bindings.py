"""The one table of keys: footer, help and the app's bindings are made from it.

No key needs ctrl, alt or a mouse.
"""

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Verb:
    """A key and what it does.

    ``keys`` as textual calls them, ``shown`` as people do; ``short`` for the footer ("" leaves it out
    there), ``long`` for the help. ``action`` is the app's.
    """

    id: str
    keys: str
    shown: str
    short: str
    long: str
    action: str


VERBS: Final[tuple[Verb, ...]] = (
    Verb("play", "space", "space", "play/pause", "play or pause the solver; a pause is immediate", "play"),
    Verb("step", "full_stop", ".", "step", "take a single solver step, then stay paused", "step"),
    Verb("reset", "r", "r", "reset", "go back to the start of the run", "reset"),
    Verb("faster", "plus,equals_sign", "+", "", "faster: more change of the state a second", "speed(1)"),
    Verb("slower", "minus", "-", "", "slower; speed counts change, so plateaus pass quickly", "speed(-1)"),
    Verb("log", "l", "l", "log time", "linear or logarithmic time under the loss", "log_time"),
    Verb("parameters", "p", "p", "parameters", "show or hide the parameters and go to them", "parameters"),
    Verb("open", "o", "o", "open", "open another preset, shipped or your own", "open"),
    Verb(
        "save", "s", "s", "save preset", "save the parameters as a preset, with the state if wanted", "save"
    ),
    Verb("write", "w", "w", "write run", "write the run so far to a run directory", "write"),
    Verb("help", "question_mark", "?", "help", "this page", "help"),
    Verb("quit", "q,ctrl+c", "q", "quit", "leave; asks first when something recorded is not saved", "quit"),
)

#: Keys that belong to one panel, for the help page.
PANEL_KEYS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "neuron table",
        "up down pgup pgdn home end",
        "move the cursor, also among the directions",
    ),
    ("parameters", "up down", "go from field to field"),
    ("parameters", "left right", "turn a choice"),
    ("parameters", "enter", "start again with what was typed"),
    ("parameters", "esc", "leave the field as it was"),
    ("anywhere", "tab", "go between the panels"),
)

#: What the footer says while a field of the parameters has the focus.
FIELD_HINTS: Final[tuple[tuple[str, str], ...]] = (
    ("enter", "apply and restart"),
    ("esc", "leave as it was"),
    ("up down", "other field"),
)

#: The footer gives up these verbs first when there is no room; quit and help never.
_FIRST_TO_GO: Final = ("write", "open", "reset", "log", "save", "step", "parameters")


def bindings() -> list[BindingType]:
    """The app's bindings."""
    return [
        Binding(verb.keys, verb.action, verb.short or verb.long, show=False, id=verb.id) for verb in VERBS
    ]


def footer_verbs(width: int, gap: int = 2) -> list[tuple[str, str]]:
    """(key, short) of the verbs that fit on a line of ``width`` cells, in the table's order."""
    chosen = [verb for verb in VERBS if verb.short]
    for id in _FIRST_TO_GO:
        if sum(len(verb.shown) + 1 + len(verb.short) + gap for verb in chosen) <= width:
            break
        chosen = [verb for verb in chosen if verb.id != id]
    return [(verb.shown, verb.short) for verb in chosen]
