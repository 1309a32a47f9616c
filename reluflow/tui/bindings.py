"""The one table of keys: footer, help and the app's bindings are made from it.

No key needs ctrl, alt or a mouse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from textual.binding import Binding, BindingType
from textual.keys import key_to_character

from reluflow.tui.layout import Panel


@dataclass(frozen=True)
class Verb:
    """A key and what it does.

    ``keys`` as textual calls them, ``shown`` as people do; ``short`` for the footer ("" leaves it out
    there), ``long`` for the help. ``action`` is the app's, ``group`` the heading it is listed under.
    ``panel``: the panel whose help page begins with it, "" for verbs that belong to none.
    """

    id: str
    keys: str
    shown: str
    short: str
    long: str
    action: str
    group: str
    panel: str = ""


def _verbs(group: str, *rows: tuple[str, str, str, str, str, str]) -> tuple[Verb, ...]:
    return tuple(Verb(*row, group, _PANEL_OF.get(row[0], "")) for row in rows)


#: verbs that act on one panel
_PANEL_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("log", "scale", "theory", "freeze", "frozen"), "loss"),
    **dict.fromkeys(("view",), "directions"),
    **dict.fromkeys(
        ("inspect", "neuron_before", "neuron_after", "sort", "reverse", "choose", "reference", "group"),
        "neurons",
    ),
    **dict.fromkeys(("parameters", "undo", "redo"), "parameters"),
}


VERBS: Final[tuple[Verb, ...]] = (
    *_verbs(
        "playing",
        ("play", "space", "space", "play", "play or pause; the solver runs on by itself", "play"),
        ("to_plateau", "P", "P", "plateau", "play on and pause at the next plateau", "play_to('plateau')"),
        ("to_escape", "E", "E", "escape", "play on and pause at the next escape", "play_to('escape')"),
        ("to_event", "e", "e", "", "play on and pause at the next event of a neuron", "play_to('event')"),
        ("next", "right_square_bracket", "]", "", "go to the next plateau", "plateau(True)"),
        ("previous", "left_square_bracket", "[", "", "go to the previous plateau", "plateau(False)"),
        ("next_event", "greater_than_sign", ">", "", "go to the next event of a neuron", "event(True)"),
        ("previous_event", "less_than_sign", "<", "", "go to the previous event", "event(False)"),
        ("forward", "right", "right", "", "move on by a hundredth of the run", "scrub(1)"),
        ("backward", "left", "left", "", "move back by as much", "scrub(-1)"),
        ("step", "full_stop", ".", "step", "one solver step on, solved if it is not yet", "step(True)"),
        ("back", "comma", ",", "", "one solver step back", "step(False)"),
        ("rewind", "r", "r", "rewind", "back to the start of the run, paused", "rewind"),
        ("home", "home", "home", "", "go to the start of what is recorded", "end(False)"),
        ("end", "end", "end", "", "go to the end of what is recorded", "end(True)"),
        ("go", "g", "g", "go to", "go to a time, a share of the run or a plateau", "go_to"),
        ("clock", "c", "c", "", "play evenly in change, time, log time, solver steps or events", "clock"),
        ("faster", "plus,equals_sign", "+", "", "play faster", "speed(1)"),
        ("slower", "minus", "-", "", "play slower", "speed(-1)"),
    ),
    *_verbs(
        "solving",
        ("halt", "h", "h", "halt", "halt the solver, or let it go on", "halt"),
        ("anew", "R", "R", "", "solve the run anew", "solve_anew"),
        ("branch", "b", "b", "branch", "start a run of its own from the state at the cursor", "branch"),
        ("parameters", "p", "p", "parameters", "show or hide the parameters, go to them", "parameters"),
        ("undo", "u", "u", "undo", "go back to the parameters before", "undo"),
        ("redo", "U", "U", "", "take the undoing back", "redo"),
        ("open", "o", "o", "open", "open another preset, shipped or your own", "open"),
    ),
    *_verbs(
        "comparing",
        ("descent", "d", "d", "descent", "run plain descent beside this run", "descent"),
        ("method", "m", "m", "", "the same problem by another solver, beside this run", "other_method"),
        ("seed", "N", "N", "", "the same from another seed, beside this run", "other_seed"),
        ("smaller", "a", "a", "", "the same from weights ten times smaller, beside it", "other_scale(-1)"),
        ("larger", "A", "A", "", "the same from weights ten times larger, beside it", "other_scale(1)"),
        ("freeze", "f", "f", "freeze", "keep this curve behind the next ones", "freeze"),
        ("frozen", "F", "F", "", "list the curves that are kept, and let go of them", "frozen"),
        ("verify", "V", "V", "verify", "what the theory predicts beside what this run measures", "verify"),
    ),
    *_verbs(
        "showing",
        ("inspect", "enter", "enter", "inspect", "all about the neuron under the cursor", "inspect"),
        ("look", "i", "i", "", "all about the plateau or the event at this time", "inspect_moment"),
        ("view", "n", "n", "view", "another view of the neurons", "view"),
        ("zoom", "z", "z", "zoom", "the panel in focus on the whole screen, and all of them again", "zoom"),
        ("panel_loss", "1", "1", "", "go to the loss", "panel(1)"),
        ("panel_directions", "2", "2", "", "go to the view of the neurons", "panel(2)"),
        ("panel_neurons", "3", "3", "", "go to the table of the neurons", "panel(3)"),
        ("panel_parameters", "4", "4", "", "go to the parameters", "panel(4)"),
        ("next_panel", "tab", "tab", "", "go to the next panel", "focus_next"),
        ("previous_panel", "shift+tab", "shift+tab", "", "go to the panel before", "focus_previous"),
        ("jump", "t", "t", "jump", "a letter on each panel and field: press it to go there", "jump"),
        ("neuron_before", "up", "up", "", "the neuron before, from any panel", "neuron(-1)"),
        ("neuron_after", "down", "down", "", "the neuron after, from any panel", "neuron(1)"),
        (
            "log",
            "l",
            "l",
            "log time",
            "time under the loss linear, logarithmic, or over ln(1/scale)",
            "log_time",
        ),
        ("theory", "T", "T", "", "show or hide what the theory predicts of the loss", "theory"),
        ("scale", "y", "y", "", "loss about the plateaus, whole, or not logarithmic", "scale"),
    ),
    *_verbs(
        "neurons",
        ("sort", "S", "S", "sort", "sort the table by its next column", "sort"),
        ("reverse", "I", "I", "", "sort the other way round", "reverse"),
        ("choose", "slash", "/", "filter", "list only some neurons: + live norm>1e-3 on=3 ...", "choose"),
        (
            "reference",
            "D",
            "D",
            "",
            "angles from D+ or D-, v*, or the neuron under the cursor",
            "reference",
        ),
        ("group", "G", "G", "group", "one line for each cluster of neurons, or for each neuron", "group"),
    ),
    *_verbs(
        "keeping",
        ("save", "s", "s", "save", "save the parameters as a preset, with the state if wanted", "save"),
        ("write", "w", "w", "write", "write the run so far to a run directory", "write"),
        ("copy", "Y", "Y", "", "copy the command that makes this run, its preset, or values", "copy"),
        ("picture", "x", "x", "", "write the screen as a picture (SVG)", "picture"),
        ("palette", "colon", ":", "", "find any of these by typing a part of it", "palette"),
        ("guide", "H", "H", "", "the tour of the first minute, from its beginning", "guide"),
        ("dismiss", "escape", "esc", "", "put the words above the timeline away", "dismiss"),
        ("help", "question_mark", "?", "help", "this page", "help"),
        ("redraw", "ctrl+l", "ctrl+l", "", "draw the whole screen anew", "redraw"),
        (
            "suspend",
            "ctrl+z",
            "ctrl+z",
            "",
            "back to the shell for a while; fg there goes on",
            "suspend_process",
        ),
        ("quit", "q,ctrl+c", "q", "quit", "leave; asks first when a run that took long is not saved", "quit"),
    ),
)

#: Keys that a panel listens to before the app does, by the panel's name: a verb on one of them would be
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

#: The verbs that work over every page and in every field.
_EVERYWHERE: Final = frozenset(("redraw", "suspend"))

#: The verbs that the footer shows first where there is little room; the others follow in the table's order.
_IMPORTANT: Final = (
    *("help", "quit", "play", "to_plateau", "descent", "parameters", "view", "to_escape"),
    *("halt", "branch", "inspect", "freeze", "step", "open", "save"),
)


def bindings() -> list[BindingType]:
    """The app's bindings."""
    return [
        Binding(
            verb.keys,
            verb.action,
            verb.short or verb.long,
            show=False,
            id=verb.id,
            priority=verb.id in _EVERYWHERE,
        )
        for verb in VERBS
    ]


def rebound(keymap: Mapping[str, str]) -> tuple[Verb, ...]:
    """The verbs with other keys for those named, by id, in a user's keymap."""
    return tuple(
        replace(verb, keys=keymap[verb.id], shown=_shown(keymap[verb.id])) if verb.id in keymap else verb
        for verb in VERBS
    )


def _shown(keys: str) -> str:
    """The first of the keys, as people call it."""
    key = keys.split(",")[0]
    character = key_to_character(key)
    return character if character is not None and character.isprintable() and character != " " else key


def footer_verbs(width: int, verbs: Sequence[Verb] = VERBS, gap: int = 2) -> list[tuple[str, str]]:
    """(key, short) of the verbs that fit on a line of ``width`` cells, in the table's order."""
    named = [verb for verb in verbs if verb.short]
    chosen: list[Verb] = []
    for verb in sorted(named, key=_importance):
        longer = [*chosen, verb]
        if sum(len(one.shown) + 1 + len(one.short) + gap for one in longer) <= width:
            chosen = longer
    return [(verb.shown, verb.short) for verb in named if verb in chosen]


def _importance(verb: Verb) -> int:
    return _IMPORTANT.index(verb.id) if verb.id in _IMPORTANT else len(_IMPORTANT)


def key_table() -> str:
    """The table of keys in Markdown, as the README has it."""
    lines = ["| key | does |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{verb.shown}` | {verb.long} |" for verb in VERBS)])
