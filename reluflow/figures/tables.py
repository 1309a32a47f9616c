"""What the theory predicts beside what a run measured, as a table to be printed."""

from functools import lru_cache

import matplotlib
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from reluflow.figures.look import WIDTH, ink
from reluflow.store.run_record import RunRecord
from reluflow.training.measuring import read
from reluflow.verification import Row, verify

#: inches that the table is wide
TABLE_WIDTH: float = 2.1 * WIDTH
_TITLES = ("prediction", "predicted", "measured", "")
#: where the columns begin, as shares of the width
_PLACES = (0.0, 0.71, 0.82, 0.94)
#: share of the width that text keeps free at its end
_FREE = 0.02
_POINTS = 72.0


def verification(axes: Axes, run: RunRecord, width: float = TABLE_WIDTH) -> int:
    """The predictions that apply to a run: statement, numbers, whether they agree; and which do not apply.

    ``width``: of the axes, in inches. Returns how many lines of text it takes, by which a figure is made high
    enough.
    """
    rows = verify(read(run))
    shown = [row for row in rows if row.state in ("holds", "fails")]
    rest = [row.id for row in rows if row.state not in ("holds", "fails")]
    lines = [_cells(row, width) for row in shown] or [(["No prediction applies to this run."], "", "", "")]
    notes = _wrapped(f"Not judged: {', '.join(rest)}.", (1.0 - _FREE) * width) if rest else []
    count = 1 + sum(len(cells[0]) for cells in lines) + len(notes)
    axes.set_axis_off()
    axes.set(xlim=(0.0, 1.0), ylim=(count + 0.5, -0.5))
    for place, title in zip(_PLACES, _TITLES, strict=True):
        axes.text(place, 0.0, title, weight="bold", va="center")
    axes.axhline(0.5, color=ink(), linewidth=0.8)
    at = 1.0
    for words, *cells in lines:
        for number, line in enumerate(words):
            axes.text(0.0, at + number, line, va="center")
        for place, cell in zip(_PLACES[1:], cells, strict=True):
            axes.text(place, at, cell, va="center", weight="bold" if cell == "fails" else "normal")
        at += len(words)
    axes.axhline(at - 0.5, color=ink(), linewidth=0.8)
    for number, line in enumerate(notes):
        axes.text(0.0, at + number, line, va="center", style="italic")
    for text in axes.texts:
        text.set_in_layout(False)  # or the layout makes the axes smaller for text that stays as wide as it is
    return count


def _cells(row: Row, width: float) -> tuple[list[str], str, str, str]:
    statement = _wrapped(row.statement or row.id, (_PLACES[1] - _FREE) * width)
    return statement, _number(row.predicted), _number(row.measured), row.state


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _wrapped(text: str, inches: float) -> list[str]:
    """Lines of words that are no wider than that in the present font."""
    font = repr((matplotlib.rcParams["font.family"], matplotlib.rcParams["font.size"]))
    lines: list[list[str]] = [[]]
    room = inches
    for word in text.split():
        size = _inches(f"{word}\N{NO-BREAK SPACE}", font)
        if lines[-1] and size > room:
            lines.append([])
            room = inches
        lines[-1].append(word)
        room -= size
    return [" ".join(line) for line in lines]


@lru_cache(maxsize=4096)
def _inches(word: str, font: str) -> float:
    """The width of a word; ``font``: what else it depends on, which is read from the settings."""
    size = matplotlib.rcParams["font.size"]
    # a point behind it, since the blank has a width but no outline
    outline = TextPath((0, 0), f"{word}.", size=size, prop=FontProperties())
    # the edge of the point is farthest right, and to look for the extremes of all curves takes far longer
    return (float(outline.vertices[:, 0].max()) - _point(font)) / _POINTS


@lru_cache(maxsize=16)
def _point(font: str) -> float:
    """The width of the outline of a point; ``font`` as for ``_inches``."""
    size = matplotlib.rcParams["font.size"]
    return float(TextPath((0, 0), ".", size=size, prop=FontProperties()).get_extents().width)
