"""Figures that move: a kind drawn at times that are evenly spaced by how much the state changes."""

import io
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

from reluflow.errors import ReluflowError
from reluflow.figures.choices import USUAL, Choices
from reluflow.figures.compass import directions
from reluflow.figures.fields import field
from reluflow.figures.files import make_legible, presets_of
from reluflow.figures.functions import function
from reluflow.figures.look import HEIGHT, WIDTH, fits, sized
from reluflow.figures.loss_lines import loss
from reluflow.figures.metadata import as_comment
from reluflow.figures.shown import history_of
from reluflow.store.files import temporary_folder, write_bytes, writing
from reluflow.store.run_record import RunRecord

if TYPE_CHECKING:
    from PIL.Image import Image

#: pictures, a second of them, how long the last stays in seconds, and dots an inch
FRAMES: Final = 80
PER_SECOND: Final = 16
_REST: Final = 2.0
_DPI: Final = 150
#: letters of title and time
_LETTERS: Final = "small"

_Draw = Callable[[Axes, RunRecord, float, Choices], None]
_KINDS: Final[Mapping[str, tuple[_Draw, tuple[float, float]]]] = {
    "field": (lambda axes, run, t, choices: field(axes, run, t, choices.circle), (WIDTH, HEIGHT)),
    "function": (lambda axes, run, t, _: function(axes, run, t, steady=True), (WIDTH, 1.1 * HEIGHT)),
    "directions": (lambda axes, run, t, _: directions(axes, run, t), (0.92 * WIDTH, 0.92 * WIDTH)),
    "loss": (
        lambda axes, run, t, choices: loss(
            axes, run, choices.clock, log=choices.log, theory=choices.theory, at=t
        ),
        (WIDTH, HEIGHT),
    ),
}


def animate(
    kind: str, run: RunRecord, path: Path, choices: Choices = USUAL, command: str = "", frames: int = FRAMES
) -> None:
    """Write a .gif, or where ffmpeg is an .mp4, of ``frames`` pictures of a run from its start to its end.

    ``kind``: field, function, directions or loss with a moving cursor. Command and preset are in the file.
    Raises ReluflowError for another kind or ending, and where it cannot be written.
    """
    if kind not in _KINDS:
        raise ReluflowError(
            f"--kind {kind} does not move; expected one of {', '.join(_KINDS)} for {path.suffix}"
        )
    comment = as_comment(command, presets_of([run]))
    pictures = _pictures(kind, run, choices, frames)
    content = _gif(pictures, comment) if path.suffix.lower() == ".gif" else _mp4(pictures, comment)
    with writing(path, ReluflowError):
        write_bytes(path, content)


def moments(run: RunRecord, frames: int) -> list[float]:
    """Flow times from the start to the end, between which the state changes by equal amounts."""
    history = history_of(run)
    ends = history.reading("change", 0.0), history.reading("change", history.end)
    return [history.time_of("change", float(each)) for each in np.linspace(*ends, frames)]


def _pictures(kind: str, run: RunRecord, choices: Choices, frames: int) -> "Iterator[Image]":
    from PIL import Image

    draw, usual = _KINDS[kind]
    size = choices.size or sized(*usual)
    times = moments(run, frames)
    limits = _limits(draw, size, run, times, choices)
    places: list[Bbox] = []
    # above the axes, for title and time, as a share of the height
    head = 2.0 * FontProperties(size=_LETTERS).get_size_in_points() / 72.0 / size[1]
    for t in times:
        figure = Figure(figsize=size, dpi=_DPI)
        if not places:
            figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0.0, 0.0, 1.0, 1.0 - head)))
        canvas = FigureCanvasAgg(figure)
        axes = figure.subplots()
        draw(axes, run, t, choices)
        for each, place in zip(figure.axes, places, strict=False):
            each.set_position(place)
        if limits is not None:
            axes.set_ylim(*limits)
        figure.text(0.01, 1.0 - 0.3 * head, choices.title, ha="left", va="top", fontsize=_LETTERS)
        figure.text(0.99, 1.0 - 0.3 * head, f"t = {t:.4g}", ha="right", va="top", fontsize=_LETTERS)
        with fits():
            make_legible(figure)
            canvas.draw()  # type: ignore[no-untyped-call]
        places = [each.get_position(original=True) for each in figure.axes]
        picture = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        yield Image.fromarray(picture[..., :3].copy())


def _limits(
    draw: _Draw, size: tuple[float, float], run: RunRecord, times: list[float], choices: Choices
) -> tuple[float, float] | None:
    """One range of heights for all pictures of a curve, None for pictures that keep their own."""
    found = []
    for t in times[:: max(len(times) // 8, 1)] + times[-1:]:
        axes = Figure(figsize=size).subplots()
        draw(axes, run, t, choices)
        if axes.get_aspect() != "auto":
            return None
        found.append(axes.get_ylim())
    return min(low for low, _ in found), max(high for _, high in found)


def _gif(pictures: "Iterator[Image]", comment: str) -> bytes:
    from PIL import Image

    few = [each.quantize(64, dither=Image.Dither.NONE) for each in pictures]
    pauses = [round(1000 / PER_SECOND)] * (len(few) - 1) + [round(1000 * _REST)]
    content = io.BytesIO()
    few[0].save(
        content,
        "GIF",
        save_all=True,
        append_images=few[1:],
        duration=pauses,
        loop=0,
        comment=comment.encode(),
    )
    return content.getvalue()


def _mp4(pictures: "Iterator[Image]", comment: str) -> bytes:
    program = shutil.which("ffmpeg")
    if program is None:
        raise ReluflowError("an .mp4 needs ffmpeg, which is not installed; expected it, or the ending .gif")
    with temporary_folder() as folder:
        for number, each in enumerate(pictures):
            # the format wants even sizes
            each.crop((0, 0, each.width // 2 * 2, each.height // 2 * 2)).save(folder / f"{number:04}.png")
        said = folder / "said.txt"
        said.write_text(
            ";FFMETADATA1\ncomment=" + re.sub(r"([=;#\\])", r"\\\1", comment) + "\n", encoding="utf-8"
        )
        words = [program, "-loglevel", "error", "-framerate", str(PER_SECOND), "-i", f"{folder}/%04d.png"]
        words += ["-i", str(said), "-map_metadata", "1", "-pix_fmt", "yuv420p", f"{folder}/made.mp4"]
        done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise ReluflowError(f"ffmpeg made no .mp4: {done.stderr}")
        return (folder / "made.mp4").read_bytes()
