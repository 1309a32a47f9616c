"""The registry of the keys that a panel or a page answers itself; bindings and help come from it.

A key of the app, whatever has the focus, belongs to ``reluflow.tui.actions``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType

from reluflow.tui.actions import ACTIONS
from reluflow.tui.arrangement import PANELS, Panel


@dataclass(frozen=True)
class Key:
    """Keys that a widget, by the name of its class, binds to an action of its own.

    Both are named as Textual does. ``priority``: whether the keys come before what the widget in focus does
    with them.
    """

    widget: str
    keys: str
    action: str
    priority: bool = False


@dataclass(frozen=True)
class PanelKeys:
    """A line of the help of a panel or page: its keys as people call them, and what they do."""

    place: str
    shown: str
    help: str
    keys: tuple[Key, ...] = ()


PANEL_KEYS: Final[tuple[PanelKeys, ...]] = (
    PanelKeys(
        "neurons",
        "up down pgup pgdn K J",
        "move the cursor, also among the neurons' picture",
        (
            Key("NeuronTable", "up,k", "move(-1)"),
            Key("NeuronTable", "down,j", "move(1)"),
            Key("NeuronTable", "pageup", "page(-1)"),
            Key("NeuronTable", "pagedown", "page(1)"),
            Key("NeuronTable", "K", "end(False)"),
            Key("NeuronTable", "J", "end(True)"),
        ),
    ),
    PanelKeys(
        "parameters",
        "up down",
        "go from field to field",
        (Key("FieldList", "up", "go(-1)"), Key("FieldList", "down", "go(1)")),
    ),
    PanelKeys(
        "parameters",
        "left right < >",
        "turn a choice, step a number; small runs are solved at once",
        (
            Key("ChoiceField", "left", "turn(-1)"),
            Key("ChoiceField", "right", "turn(1)"),
            Key("NumberField", "left", "step_or_move(-1)"),
            Key("NumberField", "right", "step_or_move(1)"),
            # before the field takes them for text
            Key("NumberField", "less_than_sign", "step(-1)", priority=True),
            Key("NumberField", "greater_than_sign", "step(1)", priority=True),
        ),
    ),
    PanelKeys(
        "parameters",
        "%",
        "how the run depends on the number in the field",
        (Key("NumberField", "percent_sign", "range", priority=True),),
    ),
    PanelKeys(
        "parameters",
        "enter",
        "check everything, apply it and start a new run",
        (Key("ParameterForm", "enter", "apply"),),
    ),
    PanelKeys("parameters", "esc", "leave the field as it was", (Key("ParameterForm", "escape", "leave"),)),
    PanelKeys("loss", "click", "go to a time; on a tick of the band to that event, then to its page"),
    PanelKeys("loss", "wheel", "look closer or at more; with shift, or left of the curve, of the loss"),
    PanelKeys("loss", "drag", "look at what the mouse is dragged over"),
    PanelKeys(
        "looking closely",
        "up down",
        "the next neuron, sample, plateau or event",
        (Key("Inspector", "up", "go(-1)"), Key("Inspector", "down", "go(1)")),
    ),
    PanelKeys(
        "looking closely",
        "tab",
        "another kind; from an event to its neuron and its sample",
        (
            Key("Inspector", "tab", "turn(1)", priority=True),
            Key("Inspector", "shift+tab", "turn(-1)", priority=True),
        ),
    ),
    PanelKeys(
        "looking closely",
        "g",
        "go to the time of the plateau or event",
        (Key("Inspector", "g", "go_there"),),
    ),
    PanelKeys("looking closely", "? : x Y", "this page, the palette, a picture, something to copy"),
    PanelKeys(
        "points",
        "arrows",
        "move the point",
        (
            Key("PointsPanel", "left", "move(-1, 0)"),
            Key("PointsPanel", "right", "move(1, 0)"),
            Key("PointsPanel", "up", "move(0, -1)"),
            Key("PointsPanel", "down", "move(0, 1)"),
        ),
    ),
    PanelKeys(
        "points",
        "tab",
        "the next point; shift+tab the one before",
        (
            Key("PointsPanel", "tab,n", "choose(1)", priority=True),
            Key("PointsPanel", "shift+tab,N", "choose(-1)", priority=True),
        ),
    ),
    PanelKeys("points", "enter", "type its numbers", (Key("PointsPanel", "enter", "type"),)),
    PanelKeys("points", "a", "add a point beside it", (Key("PointsPanel", "a,insert", "add"),)),
    PanelKeys("points", "d", "take it away", (Key("PointsPanel", "d,delete", "remove"),)),
    PanelKeys("points", "-", "turn the sign of its target", (Key("PointsPanel", "minus", "turn_sign"),)),
    PanelKeys("points", "click", "choose a point and drag it; beside all of them, add one"),
    PanelKeys("points", "u U", "undo, redo"),
    PanelKeys("points", "? : x Y", "this page, the palette, a picture, something to copy"),
    PanelKeys(
        "predictions",
        "up down",
        "scroll; also pgup and pgdn",
        (Key("Predictions", "up", "scroll_lines(-1)"), Key("Predictions", "down", "scroll_lines(1)")),
    ),
    PanelKeys("predictions", "? : x Y", "this page, the palette, a picture, something to copy"),
    PanelKeys(
        "range of a number",
        "left right home end",
        "from point to point; its numbers stand at the top",
        (
            Key("RangePanel", "left", "move(-1)"),
            Key("RangePanel", "right", "move(1)"),
            Key("RangePanel", "home", "move(-1000)"),
            Key("RangePanel", "end", "move(1000)"),
        ),
    ),
    PanelKeys(
        "range of a number",
        "n N",
        "the next of the results, or the one before",
        (Key("RangePanel", "n,down", "turn(1)"), Key("RangePanel", "N,up", "turn(-1)")),
    ),
    PanelKeys("range of a number", "enter", "open the run of the point; u in the app goes back"),
    PanelKeys("range of a number", "h", "solve no more points, or go on"),
    PanelKeys("range of a number", "? : x Y", "this page, the palette, a picture, something to copy"),
    PanelKeys(
        "sweep",
        "arrows",
        "from cell to cell on the map or the curve, from line to line in the list",
        (
            Key("SweepPanel", "left,h", "move(-1, 0)"),
            Key("SweepPanel", "right,l", "move(1, 0)"),
            Key("SweepPanel", "up,k", "move(0, 1)"),
            Key("SweepPanel", "down,j", "move(0, -1)"),
            Key("SweepPanel", "home", "move(-1000000, 0)"),
            Key("SweepPanel", "end", "move(1000000, 0)"),
            Key("RowList", "up,k", "move(-1)"),
            Key("RowList", "down,j", "move(1)"),
            Key("RowList", "pageup", "page(-1)"),
            Key("RowList", "pagedown", "page(1)"),
            Key("RowList", "home,K", "end(False)"),
            Key("RowList", "end,J", "end(True)"),
        ),
    ),
    PanelKeys(
        "sweep",
        "enter",
        "open the run on the line: as it is stored, else solved again",
        (Key("SweepPage", "enter", "open"),),
    ),
    PanelKeys(
        "sweep",
        "v V",
        "the next number that was measured, or the one before",
        (Key("SweepPage", "v", "turn('value')"), Key("SweepPage", "V", "turn('back')")),
    ),
    PanelKeys(
        "sweep",
        "a u",
        "another key across, another one upwards or none (a curve)",
        (Key("SweepPage", "a", "turn('across')"), Key("SweepPage", "u", "turn('up')")),
    ),
    PanelKeys(
        "sweep", "/", "look at some rows only: init.scale<1e-3 rank=2", (Key("SweepPage", "slash", "filter"),)
    ),
    PanelKeys(
        "sweep", "t", "the table of all rows, or the runs of the cell", (Key("SweepPage", "t", "table"),)
    ),
    PanelKeys(
        "sweep",
        "tab",
        "to the list, or to the map",
        (Key("SweepPage", "tab,shift+tab", "other", priority=True),),
    ),
    PanelKeys(
        "sweep", "esc", "back to the run; M comes back here", (Key("SweepPage", "escape,q,M", "leave"),)
    ),
    PanelKeys("sweep", "? : x Y", "this page, the palette, a picture, something to copy"),
    PanelKeys(
        "runs",
        "space c",
        "mark the run, whose curve is then drawn over the others; let go of all marks",
        (Key("WorkspacePage", "space", "mark"), Key("WorkspacePage", "c", "unmark")),
    ),
    PanelKeys("runs", "enter", "open the run as it is stored", (Key("WorkspacePage", "enter", "open"),)),
    PanelKeys(
        "runs",
        "/",
        "list some runs only: status=running init.scale<1e-3",
        (Key("WorkspacePage", "slash", "filter"),),
    ),
    PanelKeys(
        "runs",
        "S I",
        "sort by what comes next: newest, name, status, loss, time, plateaus; the other way round",
        (Key("WorkspacePage", "S", "sort('next')"), Key("WorkspacePage", "I", "sort('other')")),
    ),
    PanelKeys(
        "runs",
        "l y",
        "logarithmic or linear time under the curves; losses about the plateaus, or all",
        (Key("WorkspacePage", "l", "time"), Key("WorkspacePage", "y", "scale")),
    ),
    PanelKeys("runs", "r", "rename the run", (Key("WorkspacePage", "r", "rename"),)),
    PanelKeys(
        "runs",
        "d del",
        "delete the marked runs, or the one under the cursor: into the bin",
        (Key("WorkspacePage", "d,delete", "delete"),),
    ),
    PanelKeys(
        "runs",
        "u E",
        "bring back what was deleted last; delete for good what is in the bin",
        (Key("WorkspacePage", "u", "restore"), Key("WorkspacePage", "E", "empty")),
    ),
    PanelKeys(
        "runs", "esc", "back to the run; W comes back here", (Key("WorkspacePage", "escape,q,W", "leave"),)
    ),
    PanelKeys("runs", "? : x Y", "this page, the palette, a picture, something to copy"),
)

#: What the footer says while a field of the parameters has the focus.
FIELD_HINTS: Final[tuple[tuple[str, str], ...]] = (
    ("left right", "step"),
    ("enter", "apply"),
    ("esc", "leave as it was"),
    ("up down", "other field"),
)


def bindings_of(widget: str) -> list[BindingType]:
    """The bindings of a widget, by the name of its class."""
    return [
        Binding(key.keys, key.action, show=False, priority=key.priority)
        for row in PANEL_KEYS
        for key in row.keys
        if key.widget == widget
    ]


def _own_keys(panel: Panel) -> str:
    of_the_app = {key for action in ACTIONS for key in action.keys.split(",")}
    # in a field of the parameters every key is what one types
    rows = [row for row in PANEL_KEYS if row.place == panel != "parameters"]
    keys = [key for row in rows for each in row.keys for key in each.keys.split(",")]
    return ",".join(key for key in keys if key not in of_the_app)


#: Keys that a panel answers before the app does, by its name: an action of the app on one would not be heard.
OWN_KEYS: Final[Mapping[Panel, str]] = {panel: keys for panel in PANELS if (keys := _own_keys(panel))}
