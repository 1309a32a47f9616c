"""The app's bindings, the keys in the footer and the README's table, made from the registry of actions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from textual.binding import Binding, BindingType

from reluflow.tui.actions import ACTIONS, Action

#: The actions that the footer shows first where there is little room; the others follow in the table's order.
_IMPORTANT: Final = (
    *("help", "quit", "play", "to_plateau", "descent", "parameters", "view", "to_escape"),
    *("halt", "branch", "inspect", "closer", "freeze", "step", "open", "save"),
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
    """The table of keys in Markdown, as docs/app.md has it."""
    lines = ["| key | does | in `[keymap]` |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{each.shown}` | {each.help} | `{each.id}` |" for each in ACTIONS)])
