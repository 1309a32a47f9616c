"""Texts and pictures that the user takes out of the app: a command line, numbers, a screenshot."""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from textual.app import App
from textual.screen import Screen

from reluflow.errors import ReluflowError
from reluflow.live.branching import branch_folder
from reluflow.store.files import write_text, writing
from reluflow.store.locations import preset_files
from reluflow.store.preset import Preset, load_preset
from reluflow.tui.moment import Moment
from reluflow.tui.terminal.private import MessageRack, lay_out_now
from reluflow.tui.typed_values import text_of

if TYPE_CHECKING:
    from reluflow.sweep.study import Study

#: the ending of the figure for print that stands beside a picture of the screen
FIGURE: Final = ".pdf"
#: in the cache folder: what was copied last
CLIPBOARD_FILE: Final = "clipboard.txt"
#: a piece of text in a picture: what comes before its place, the place, the width, what follows, its blanks
_TEXT: Final = re.compile(
    r'(<text [^>]*?x=")([\d.]+)("[^>]*? textLength=")([\d.]+)("[^>]*>)'
    r"((?:&#160;)*)([^<]*?)((?:&#160;)*)(?=</text>)"
)
_BLANK: Final = "&#160;"


def run_command(preset: Preset) -> str:
    """The ``reluflow run`` command that runs a preset as it is, changes and all.

    Raises PresetError if the preset's file, against which changes are told, can no longer be read.
    """
    return " ".join(["reluflow", "run", *_words(preset)])


def sweep_command(study: "Study") -> str:
    """The ``reluflow sweep`` command of a study, but for its folder. Raises as ``run_command``."""
    over = [f"--over {shlex.quote(axis.text)}" for axis in study.grid.axes]
    measures = [f"--measure {','.join(study.measures)}"] if study.measures else []
    return " ".join(["reluflow", "sweep", *_words(study.preset, study.grid.keys), *over, *measures])


def _words(preset: Preset, without: Sequence[str] = ()) -> list[str]:
    """The name of a preset, and every change against its file but of some keys."""
    target = _target(preset)
    on_file = load_preset(target).explicit
    changes: dict[str, Any] = {
        id: preset.explicit.get(id)
        for id in {**on_file, **preset.explicit}
        if preset.explicit.get(id) != on_file.get(id) and id not in without
    }
    words = [f"--set {shlex.quote(f'{id}={_typed(value)}')}" for id, value in changes.items()]
    return [shlex.quote(target), *words]


def values_at(moment: Moment) -> str:
    """Time, loss and step at the cursor, in numbers that can be read back exactly."""
    values = {"t": moment.t, "loss": moment.loss, "step": moment.step}
    return "\n".join(f"{name} = {value!r}" for name, value in values.items())


def neuron_at(moment: Moment, neuron: int) -> str:
    """One neuron at the cursor, as Python and TOML read it."""
    state = moment.state
    if state is None or not neuron < state.output_weights.size:
        return ""
    weights = ", ".join(repr(float(value)) for value in state.weights[neuron])
    output = float(state.output_weights[neuron])
    return f"neuron = {neuron}\nt = {moment.t!r}\nweights = [{weights}]\noutput_weight = {output!r}"


def write_clipboard(text: str) -> Path:
    """Write what is copied to a file, for terminals that keep their clipboard to themselves; returns it.

    Raises ReluflowError.
    """
    path = branch_folder().parent / CLIPBOARD_FILE
    with writing(path, ReluflowError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text + "\n")
    return path


def save_screenshot(app: App[Any], name: str, folder: Path) -> Path:
    """Write the screen as ``reluflow-<name>-<n>.svg``, n the smallest unused; returns it.

    A number is used also where there is a figure of it. Raises ReluflowError.
    """
    number = 1
    while (path := folder / f"reluflow-{name}-{number}.svg").exists() or path.with_suffix(FIGURE).exists():
        number += 1
    with _without_messages(app.screen):
        picture = without_outer_blanks(app.export_screenshot(title=f"reluflow: {name}"))
    with writing(path, ReluflowError):
        write_text(path, picture)
    return path


def without_outer_blanks(picture: str) -> str:
    """The same picture with each piece of text beginning at its first letter.

    Some programs, librsvg among them, draw no blanks at the begin of a text, and move it.
    """

    def trimmed(found: re.Match[str]) -> str:
        head, x, middle, width, tail, before, text, after = found.groups()
        letters = len(unescape(before + text + after))
        if not text or not letters:
            return found[0]
        cell = float(width) / letters
        left, right = len(before) // len(_BLANK), len(after) // len(_BLANK)
        start, length = float(x) + left * cell, float(width) - (left + right) * cell
        return f"{head}{start:g}{middle}{length:g}{tail}{text}"

    return _TEXT.sub(trimmed, picture)


@contextmanager
def _without_messages(screen: Screen[Any]) -> Iterator[None]:
    """The screen without the messages on it, which are no part of what is shown."""
    racks = [rack for rack in screen.query(MessageRack) if rack.display]
    for shown in (False, True):
        for rack in racks:
            rack.display = shown
        lay_out_now(screen)
        if not shown:
            yield


def _target(preset: Preset) -> str:
    """The name of a preset where that finds it, else its file."""
    if preset.path is None or preset_files().get(preset.name) == preset.path:
        return preset.name
    return str(preset.path)


def _typed(value: Any) -> str:
    return text_of(value) or "none"
