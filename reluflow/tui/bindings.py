"""What is made from the registry of actions: the app's bindings, the footer, the table in the README."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from textual.binding import Binding, BindingType

from reluflow.tui.actions import ACTIONS, Action
from reluflow.tui.arrangement import Panel

#: Keys that a panel listens to before the app does, by the panel's name: an action on one of them would be
#: deaf there. (In a field of the parameters every key is what one types.)
OWN_KEYS: Final[Mapping[Panel, str]] = {"neurons": "k,j,K,J,pageup,pagedown"}

#: Keys that one panel alone listens to, by the panel's name, for the help page.
PANEL_KEYS: Final[tuple[tuple[str, str, str], ...]] = (
    ("neurons", "up down pgup pgdn K J", "move the cursor, also among the neurons' picture"),
    ("parameters", "up down", "go from field to field"),
    ("parameters", "left right < >", "turn a choice, step a number; small runs are solved at once"),
    ("parameters", "enter", "check everything, apply it and start a new run"),
    ("parameters", "esc", "leave the field as it was"),
    ("loss", "click", "go to a time; on a tick of the band to that event, then to its page"),
    ("looking closely", "up down", "the next neuron, sample, plateau or event"),
    ("looking closely", "tab", "another kind; from an event to its neuron and its sample"),
    ("looking closely", "g", "go to the time of the plateau or event"),
    ("looking closely", "? : x Y", "this page, the palette, a picture, something to copy"),
    ("predictions", "up down", "scroll; also pgup and pgdn"),
    ("predictions", "? : x Y", "this page, the palette, a picture, something to copy"),
)

#: What the footer says while a field of the parameters has the focus.
FIELD_HINTS: Final[tuple[tuple[str, str], ...]] = (
    ("left right", "step"),
    ("enter", "apply"),
    ("esc", "leave as it was"),
    ("up down", "other field"),
)

#: The actions that the footer shows first where there is little room; the others follow in the table's order.
_IMPORTANT: Final = (
    *("help", "quit", "play", "to_plateau", "descent", "parameters", "view", "to_escape"),
    *("halt", "branch", "inspect", "freeze", "step", "open", "save"),
)


def bindings(ids: Sequence[str] | None = None, namespace: str = "") -> list[BindingType]:
    """The bindings of all actions, or of those named by their ids.

    ``namespace``: "app." for bindings of a screen, whose keys the app answers.
    """
    return [
        Binding(
            action.keys,
            f"{namespace}do('{action.id}')",
            action.short or action.help,
            show=False,
            id=action.id,
            priority=action.everywhere,
        )
        for action in ACTIONS
        if ids is None or action.id in ids
    ]


def rebound(keymap: Mapping[str, str]) -> tuple[Action, ...]:
    """The actions with other keys for those named, by id, in a user's keymap."""
    return tuple(replace(action, keys=keymap.get(action.id, action.keys)) for action in ACTIONS)


def footer_actions(width: int, actions: Sequence[Action] = ACTIONS, gap: int = 2) -> list[tuple[str, str]]:
    """(key, word) of the actions that fit on a line of ``width`` cells, in the registry's order."""
    named = [action for action in actions if action.short]
    chosen: list[Action] = []
    for action in sorted(named, key=_importance):
        longer = [*chosen, action]
        if sum(len(one.shown) + 1 + len(one.short) + gap for one in longer) <= width:
            chosen = longer
    return [(action.shown, action.short) for action in named if action in chosen]


def _importance(action: Action) -> int:
    return _IMPORTANT.index(action.id) if action.id in _IMPORTANT else len(_IMPORTANT)


def key_table() -> str:
    """The table of keys in Markdown, as the README has it."""
    lines = ["| key | does |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{action.shown}` | {action.help} |" for action in ACTIONS)])
