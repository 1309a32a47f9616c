"""The registry of actions: their keys, their help, and the part of the app that answers.

Bindings, the footer, the help page, the palette and the table of keys in docs/app.md are made from it.
No key needs ctrl, alt or a mouse.
"""

from collections.abc import Mapping
from typing import Final

from reluflow.plot.views import RUN_VIEWS, VIEWS
from reluflow.tui.action import Action, under

__all__ = ["ACTIONS", "BY_ID", "Action"]

ACTIONS: Final[tuple[Action, ...]] = (
    *under(
        "playing",
        Action("play", "space", "transport.play", "play or pause; the solver runs on by itself", "play"),
        Action(
            "to_plateau",
            "P",
            "transport.play_to('plateau')",
            "play on and pause at the next plateau",
            "plateau",
        ),
        Action(
            "to_escape", "E", "transport.play_to('escape')", "play on and pause at the next escape", "escape"
        ),
        Action(
            "to_event", "e", "transport.play_to('event')", "play on and pause at the next event of a neuron"
        ),
        Action("next", "right_square_bracket", "transport.plateau(True)", "go to the next plateau"),
        Action("previous", "left_square_bracket", "transport.plateau(False)", "go to the previous plateau"),
        Action(
            "next_event", "greater_than_sign", "transport.event(True)", "go to the next event of a neuron"
        ),
        Action("previous_event", "less_than_sign", "transport.event(False)", "go to the previous event"),
        Action("forward", "right", "transport.scrub(1)", "move on by a hundredth of the run"),
        Action("backward", "left", "transport.scrub(-1)", "move back by as much"),
        Action(
            "step", "full_stop", "transport.step(True)", "one solver step on, solved if it is not yet", "step"
        ),
        Action("back", "comma", "transport.step(False)", "one solver step back"),
        Action("rewind", "r", "transport.rewind", "back to the start of the run, paused", "rewind"),
        Action("home", "home", "transport.go_to_end(False)", "go to the start of what is recorded"),
        Action("end", "end", "transport.go_to_end(True)", "go to the end of what is recorded"),
        Action("go", "g", "transport.ask_time", "go to a time, a share of the run or a plateau", "go to"),
        Action(
            "clock",
            "c",
            "transport.next_clock",
            "play evenly in change, time, log time, solver steps or events",
        ),
        Action("faster", "plus,equals_sign", "transport.change_speed(1)", "play faster"),
        Action("slower", "minus", "transport.change_speed(-1)", "play slower"),
    ),
    *under(
        "solving",
        Action("halt", "h", "transport.halt", "halt the solver, or let it go on", "halt"),
        Action("anew", "R", "transport.solve_anew", "solve the run anew"),
        Action(
            "branch",
            "b",
            "parameters.branch",
            "start a run of its own from the state at the cursor",
            "branch",
        ),
        Action(
            "nudge",
            "B",
            "nudging.ask",
            "the same with a neuron added, removed, flipped, scaled or turned first",
            "nudge",
            panel="neurons",
        ),
        Action(
            "parameters",
            "p",
            "layout.toggle_parameters",
            "show or hide the parameters, go to them",
            "parameters",
            panel="parameters",
        ),
        Action(
            "undo", "u", "parameters.undo", "go back to the parameters before", "undo", panel="parameters"
        ),
        Action("redo", "U", "parameters.redo", "take the undoing back", panel="parameters"),
        Action("sweep", "M", "folders.show_sweep", "the map and the table of the sweep that is open"),
        Action(
            "workspace", "W", "folders.show_runs", "the runs in runs/: curves, filters, open, rename, delete"
        ),
        Action("points", "O", "opening.points.edit", "edit the points: typed, or moved by keys or mouse"),
        Action("open", "o", "opening.ask", "open another preset, a run, or a file of data", "open"),
    ),
    *under(
        "comparing",
        Action("descent", "d", "comparison.run_descent", "run plain descent beside this run", "descent"),
        Action(
            "method",
            "m",
            "comparison.run_other_method",
            "the same problem by another solver, beside this run",
        ),
        Action("seed", "N", "comparison.run_other_seed", "the same from another seed, beside this run"),
        Action(
            "smaller",
            "a",
            "comparison.run_other_scale(-1)",
            "the same from weights ten times smaller, beside it",
        ),
        Action(
            "larger",
            "A",
            "comparison.run_other_scale(1)",
            "the same from weights ten times larger, beside it",
        ),
        Action(
            "freeze", "f", "comparison.freeze", "keep this curve behind the next ones", "freeze", panel="loss"
        ),
        Action(
            "frozen",
            "F",
            "comparison.ask_kept",
            "list the curves that are kept, and let go of them",
            panel="loss",
        ),
        Action(
            "range",
            "percent_sign",
            "ranges.ask",
            "how escapes, loss and norm depend on a number: a run at each of its values",
            "range",
        ),
        Action(
            "verify", "V", "pages.verify", "what the theory predicts beside what this run measures", "verify"
        ),
        Action("between", "X", "outcomes.find", "what lies between this run and the one kept last"),
        Action("check", "C", "checking.check", "how sure this run is: the same at a tighter tolerance"),
    ),
    *under(
        "showing",
        Action(
            "inspect",
            "enter",
            "pages.inspect_neuron",
            "all about the neuron under the cursor",
            "inspect",
            panel="neurons",
        ),
        Action("look", "i", "pages.inspect_moment", "all about the plateau or the event at this time"),
        Action("view", "n", "main.view.next_view", "another view of the neurons", "view", panel="directions"),
        Action(
            "circle",
            "L",
            "circles.ask",
            "the growth rates on another circle: through two of D+ D- x3 pca1 3 (a neuron)",
            panel="directions",
        ),
        Action(
            "zoom",
            "z",
            "layout.zoom",
            "the panel in focus on the whole screen, and all of them again",
            "zoom",
        ),
        Action("panel_loss", "1", "layout.go_to(1)", "go to the loss"),
        Action("panel_directions", "2", "layout.go_to(2)", "go to the view of the neurons"),
        Action("panel_neurons", "3", "layout.go_to(3)", "go to the table of the neurons"),
        Action("panel_parameters", "4", "layout.go_to(4)", "go to the parameters"),
        Action("next_panel", "tab", "layout.step_focus(1)", "go to the next panel"),
        Action("previous_panel", "shift+tab", "layout.step_focus(-1)", "go to the panel before"),
        Action("jump", "t", "layout.jump", "a letter on each panel and field: press it to go there", "jump"),
        Action("neuron_before", "up", "table.move(-1)", "the neuron before, from any panel", panel="neurons"),
        Action("neuron_after", "down", "table.move(1)", "the neuron after, from any panel", panel="neurons"),
        Action(
            "log",
            "l",
            "main.loss.next_time",
            "time under the loss linear, logarithmic, or over ln(1/scale)",
            "log time",
            panel="loss",
        ),
        Action(
            "theory",
            "T",
            "main.loss.toggle_theory",
            "show or hide what the theory predicts of the loss",
            panel="loss",
        ),
        Action(
            "scale",
            "y",
            "main.loss.next_scale",
            "loss about the plateaus, whole, or not logarithmic",
            panel="loss",
        ),
        Action(
            "closer", "right_curly_bracket", "main.loss.zoom(1)", "look closer at the loss", "closer", "loss"
        ),
        Action(
            "wider", "left_curly_bracket", "main.loss.zoom(-1)", "show more of the loss again", panel="loss"
        ),
        Action(
            "later", "right_parenthesis", "main.loss.go_along(1)", "show a later part of it", panel="loss"
        ),
        Action("earlier", "left_parenthesis", "main.loss.go_along(-1)", "show an earlier part", panel="loss"),
        Action("axis", "v", "main.loss.turn_axis", "zoom along the loss, or along time again", panel="loss"),
        Action("whole", "0", "main.loss.show_whole", "show the whole loss again", panel="loss"),
    ),
    *under(
        "neurons",
        Action("sort", "S", "table.sort", "sort the table by its next column", "sort", panel="neurons"),
        Action("reverse", "I", "table.reverse", "sort the other way round", panel="neurons"),
        Action(
            "choose",
            "slash",
            "table.ask_choice",
            "list only some neurons: + live norm>1e-3 on=3 ...",
            "filter",
            panel="neurons",
        ),
        Action(
            "reference",
            "D",
            "table.next_reference",
            "angles from D+ or D-, v*, or the neuron under the cursor",
            panel="neurons",
        ),
        Action(
            "group",
            "G",
            "table.group",
            "one line for each group of neurons, or for each neuron",
            "group",
            panel="neurons",
        ),
    ),
    *under(
        "keeping",
        Action(
            "save",
            "s",
            "saving.ask_preset",
            "save the parameters as a preset, with the state if wanted",
            "save",
        ),
        Action("write", "w", "saving.write_run", "write the run so far to a run directory", "write"),
        Action("copy", "Y", "copying.ask", "copy the command that makes this run, its preset, or values"),
        Action(
            "picture",
            "x",
            "copying.picture",
            "write the screen as SVG, and the panel in focus as a figure (PDF)",
        ),
        Action("palette", "colon", "pages.palette", "find any of these by typing a part of it"),
        Action("guide", "H", "tour.restart", "the tour of the first minute, from its beginning"),
        Action("dismiss", "escape", "tour.dismiss", "put the words above the timeline away"),
        Action("help", "question_mark", "pages.help", "this page", "help"),
        Action("redraw", "ctrl+l", "repaint", "draw the whole screen anew", everywhere=True),
        Action(
            "suspend",
            "ctrl+z",
            "action_suspend_process",
            "back to the shell for a while; fg there goes on",
            everywhere=True,
        ),
        Action(
            "quit",
            "q,ctrl+c",
            "saving.quit",
            "leave; asks first when a run that took long is not saved",
            "quit",
        ),
    ),
)

_NUDGES: Final[Mapping[str, str]] = {
    "add": "add a neuron in the direction where it grows fastest",
    "remove": "remove the neuron under the cursor",
    "flip": "flip the sign of the neuron under the cursor",
    "scale": "scale the neuron under the cursor by a factor",
    "turn": "turn the neuron under the cursor by degrees",
}
#: What has no key of its own, but the palette finds it: what menus have on offer, and every view by its name.
MENU_ACTIONS: Final[tuple[Action, ...]] = (
    *under(
        "solving",
        *(Action(f"nudge_{verb}", "", f"nudging.begin({verb!r})", what) for verb, what in _NUDGES.items()),
    ),
    *under(
        "showing",
        *(
            Action(f"view_{name.replace(' ', '_')}", "", f"main.view.go_to({name!r})", f"{name}: {view.help}")
            for name, view in {**VIEWS.rows, **RUN_VIEWS.rows}.items()
        ),
    ),
)

#: The actions by their ids, which are also what a user's keymap calls them.
BY_ID: Final[Mapping[str, Action]] = {action.id: action for action in (*ACTIONS, *MENU_ACTIONS)}
