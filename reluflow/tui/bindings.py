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
    there), ``long`` for the help. ``action`` is the app's, ``group`` the heading it is listed under.
    """

    id: str
    keys: str
    shown: str
    short: str
    long: str
    action: str
    group: str


_PLAY, _RUN, _COMPARE, _SHOW, _KEEP = "playing", "solving", "comparing", "showing", "keeping"

VERBS: Final[tuple[Verb, ...]] = (
    Verb(
        "play", "space", "space", "play", "play or pause: the cursor moves over what is solved", "play", _PLAY
    ),
    Verb(
        "to_plateau",
        "P",
        "P",
        "plateau",
        "play on and pause at the next plateau",
        "play_to('plateau')",
        _PLAY,
    ),
    Verb(
        "to_escape",
        "E",
        "E",
        "escape",
        "play on and pause where the next escape begins",
        "play_to('escape')",
        _PLAY,
    ),
    Verb("next", "right_square_bracket", "]", "", "go to the next plateau", "plateau(True)", _PLAY),
    Verb("previous", "left_square_bracket", "[", "", "go to the previous plateau", "plateau(False)", _PLAY),
    Verb("forward", "right", "right", "", "move the cursor on by a hundredth of the run", "scrub(1)", _PLAY),
    Verb("backward", "left", "left", "", "move the cursor back by as much", "scrub(-1)", _PLAY),
    Verb(
        "step",
        "full_stop",
        ".",
        "step",
        "one solver step forward; at the head of a run, have it taken",
        "step(True)",
        _PLAY,
    ),
    Verb("back", "comma", ",", "", "one solver step back", "step(False)", _PLAY),
    Verb("rewind", "r", "r", "rewind", "go back to the start of the run and pause", "rewind", _PLAY),
    Verb("home", "home", "home", "", "go to the start of what is recorded", "end(False)", _PLAY),
    Verb("end", "end", "end", "", "go to the end of what is recorded", "end(True)", _PLAY),
    Verb("go", "g", "g", "go to", "go to a time, a share of the run or a plateau", "go_to", _PLAY),
    Verb("clock", "c", "c", "", "play evenly in change, time, log time or solver steps", "clock", _PLAY),
    Verb("faster", "plus,equals_sign", "+", "", "play faster", "speed(1)", _PLAY),
    Verb("slower", "minus", "-", "", "play slower; by change, plateaus pass quickly", "speed(-1)", _PLAY),
    Verb("halt", "h", "h", "halt", "halt the solver, or let it go on", "halt", _RUN),
    Verb("anew", "R", "R", "", "solve the run anew", "solve_anew", _RUN),
    Verb("branch", "b", "b", "branch", "start a run of its own from the state at the cursor", "branch", _RUN),
    Verb(
        "parameters", "p", "p", "parameters", "show or hide the parameters and go to them", "parameters", _RUN
    ),
    Verb("undo", "u", "u", "undo", "go back to the parameters before", "undo", _RUN),
    Verb("redo", "U", "U", "", "take the undoing back", "redo", _RUN),
    Verb("open", "o", "o", "open", "open another preset, shipped or your own", "open", _RUN),
    Verb(
        "descent",
        "d",
        "d",
        "descent",
        "run plain descent on the same problem, beside this run",
        "descent",
        _COMPARE,
    ),
    Verb("freeze", "f", "f", "freeze", "keep this curve behind the next ones", "freeze", _COMPARE),
    Verb("frozen", "F", "F", "", "list the curves that are kept, and let go of them", "frozen", _COMPARE),
    Verb("view", "n", "n", "view", "another view of the neurons", "view", _SHOW),
    Verb("log", "l", "l", "log time", "linear or logarithmic time under the loss", "log_time", _SHOW),
    Verb("scale", "y", "y", "", "loss: decades about the plateaus, all decades, or linear", "scale", _SHOW),
    Verb(
        "save",
        "s",
        "s",
        "save",
        "save the parameters as a preset, with the state at the cursor if wanted",
        "save",
        _KEEP,
    ),
    Verb("write", "w", "w", "write", "write the run so far to a run directory", "write", _KEEP),
    Verb("help", "question_mark", "?", "help", "this page", "help", _KEEP),
    Verb(
        "quit",
        "q,ctrl+c",
        "q",
        "quit",
        "leave; asks first when something recorded is not saved",
        "quit",
        _KEEP,
    ),
)

#: Keys that belong to one panel, for the help page.
PANEL_KEYS: Final[tuple[tuple[str, str, str], ...]] = (
    ("neuron table", "up down pgup pgdn K J", "move the cursor, also among the neurons' picture"),
    ("parameters", "up down", "go from field to field"),
    ("parameters", "left right < >", "turn a choice, step a number; small runs are solved at once"),
    ("parameters", "enter", "check everything, apply it and start a new run"),
    ("parameters", "esc", "leave the field as it was"),
    ("loss and timeline", "click", "go to a time"),
    ("anywhere", "tab", "go between the panels"),
)

#: What the footer says while a field of the parameters has the focus.
FIELD_HINTS: Final[tuple[tuple[str, str], ...]] = (
    ("left right", "step"),
    ("enter", "apply"),
    ("esc", "leave as it was"),
    ("up down", "other field"),
)

#: The footer gives up these verbs first when there is no room; quit and help never.
_FIRST_TO_GO: Final = (
    "write",
    "undo",
    "go",
    "log",
    "rewind",
    "save",
    "open",
    "freeze",
    "view",
    "step",
    "branch",
    "halt",
    "to_escape",
    "descent",
    "parameters",
    "to_plateau",
)


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
