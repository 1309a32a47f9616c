"""Texts and pictures that the user takes out of the app: a command line, numbers, a screenshot."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from textual.app import App
from textual.screen import Screen

from reluflow.errors import ReluflowError, shell_word
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
#: a text in a picture: what comes before its place, the place, what follows, its width, what follows, itself
_TEXT: Final = re.compile(
    r'(<text [^>]*?x=")([\d.]+)("[^>]*?) textLength="([\d.]+)"([^>]*>)([^<]+)(?=</text>)'
)
_BLANK: Final = "\xa0"
#: what is drawn from one place on, with the blanks behind it: some letters, lines or blocks, which every font
#: for terminals has as wide as the others, or a single sign, for which another font may stand in
_PIECE: Final = re.compile(f"(?:[!-~\u2500-\u259f]{{1,8}}|[^{_BLANK}]){_BLANK}*")


def run_command(preset: Preset) -> str:
    """The ``reluflow run`` command that runs a preset as it is, changes and all.

    Raises PresetError if the preset's file, against which changes are told, can no longer be read.
    """
    return " ".join(["reluflow", "run", *_words(preset)])


def sweep_command(study: "Study") -> str:
    """The ``reluflow sweep`` command of a study, but for its folder. Raises as ``run_command``."""
    over = [f"--over {shell_word(axis.text)}" for axis in study.grid.axes]
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
    words = [f"--set {shell_word(f'{id}={_typed(value)}')}" for id, value in changes.items()]
    return [shell_word(target), *words]


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
        picture = in_place(app.export_screenshot(title=f"reluflow: {name}"))
    with writing(path, ReluflowError):
        write_text(path, picture)
    return path


def in_place(picture: str) -> str:
    """The same picture with every word and every sign drawn from its own place on.

    librsvg knows no ``textLength``: where a font lacks a sign, such as the dots of plots, the one that stands
    in for it has another width and would move all that follows. Nor does it draw blanks at the begin of a
    text.
    """

    def placed(found: re.Match[str]) -> str:
        head, x, middle, width, tail, text = found.groups()
        letters = unescape(text)
        pieces = list(_PIECE.finditer(letters.rstrip(_BLANK)))
        if not pieces:
            return found[0]
        cell, first = float(width) / len(letters), pieces[0]
        places = [f"{float(x) + piece.start() * cell:.6g}" for piece in pieces]
        if len(pieces) == 1:
            return (
                f'{head}{places[0]}{middle} textLength="{len(first[0]) * cell:.6g}"{tail}{_drawn(first[0])}'
            )
        spans = [
            f'<tspan x="{place}">{_drawn(piece[0])}</tspan>'
            for place, piece in zip(places, pieces, strict=True)
        ]
        return f"{head}{places[0]}{middle}{tail}{''.join(spans)}"

    return _TEXT.sub(placed, picture)


def _drawn(text: str) -> str:
    return escape(text).replace(_BLANK, "&#160;")


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
