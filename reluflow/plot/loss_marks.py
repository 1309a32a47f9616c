"""What is drawn over a picture of the loss: plateaus, predictions, the cursor. Nothing covers a curve."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row, Segment, joined, plain, put, spread
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.loss_curve import LossAxes
from reluflow.plot.loss_place import LossPicture, column_of, row_of
from reluflow.plot.phases import Plateau
from reluflow.theory.landmarks import Landmark, Landmarks

if TYPE_CHECKING:
    from reluflow.theory.forecast import Forecast


def with_plateaus(
    canvas: list[Row], plateaus: Sequence[Plateau], axes: LossAxes, inner: tuple[int, int], glyphs: Glyphs
) -> list[Row]:
    """The ground under each plateau shaded, a name over it, with its loss where there is room.

    A line leads from the plateau to the axis.
    """
    width, height = inner
    rows = list(canvas)
    free = 0
    for plateau in plateaus:
        cells = plateau_columns(plateau, axes, width, glyphs)
        level = row_of(plateau.loss, axes, height, glyphs)
        if cells is None or level is None:
            continue
        begin, end = cells
        for y in range(level + 1, height):
            rows[y] = _over_blanks(rows[y], range(begin, end), " ", "shade")
        rows[level] = _over_blanks(rows[level], range(0, begin, 2), glyphs.level, "level")
        y = level - 1 if level > 0 else level + 1
        for label in (f"{plateau.name} {short(_rounded(plateau.loss))}", plateau.name):
            start = min(max((begin + end - len(label)) // 2, free), width - len(label))
            text = plain(rows[y])
            if start >= free and not text[start : start + len(label)].strip():
                rows[y] = put(rows[y], start, label, "level")
                free = start + len(label) + 1
                break
    return rows


def plateau_columns(plateau: Plateau, axes: LossAxes, width: int, glyphs: Glyphs) -> tuple[int, int] | None:
    """The first column of a plateau and the one past its last, None if it lies beyond the axis."""
    begins, leaves = (None if t is None else axes.place(t) for t in (plateau.begin, plateau.leave))
    if begins is not None and begins > axes.time[1]:
        return None
    if not axes.whole and leaves is not None and leaves <= axes.time[0]:
        return None
    begin = column_of(plateau.begin, axes, width, glyphs)
    leave = column_of(plateau.leave, axes, width, glyphs) if plateau.leave is not None else None
    return begin or 0, width if leave is None else leave


def with_theory(
    canvas: list[Row], escapes: Sequence[Landmark], axes: LossAxes, inner: tuple[int, int], glyphs: Glyphs
) -> list[Row]:
    """Thin lines where the theory says that the loss rests, and where it falls."""
    width, height = inner
    rows, before = list(canvas), 0
    for escape in escapes:
        place = axes.place(escape.time)
        if not axes.whole and (place is None or place < axes.time[0]):
            continue
        level = row_of(escape.level, axes, height, glyphs)
        column = column_of(escape.time, axes, width, glyphs)
        end = width if column is None else column
        if level is not None:
            rows[level] = _over_blanks(rows[level], range(before, end), glyphs.theory, "theory")
        if column is None:
            break
        rows = [_over_blanks(row, range(column, column + 1), glyphs.theory_time, "theory") for row in rows]
        before = column + 1
    return rows


def with_cursor(picture: LossPicture, now: float, glyphs: Glyphs, forecast: float | None = None) -> list[Row]:
    """The picture with a line at flow time ``now``, the curve beyond it faint; ``forecast``: a later time."""
    axes, (width, height) = picture.axes, picture.inner
    rows = picture.rows
    if forecast is not None:
        rows = _with_forecast(picture, forecast, glyphs)
    column = column_of(now, axes, width, glyphs)
    if column is None:
        return rows
    at = picture.left + column
    return [_marked(row, at, glyphs) if y < height else row for y, row in enumerate(rows)]


def _with_forecast(picture: LossPicture, time: float, glyphs: Glyphs) -> list[Row]:
    width, height = picture.inner
    column = column_of(time, picture.axes, width, glyphs)
    if column is None:
        return picture.rows
    at = picture.left + column
    free = (" ", glyphs.theory_time, glyphs.theory)
    return [
        put(row, at, glyphs.forecast, "forecast") if y < height and _open(row)[at : at + 1] in free else row
        for y, row in enumerate(picture.rows)
    ]


def _marked(row: Row, at: int, glyphs: Glyphs) -> Row:
    marked: Row = []
    start = 0
    for text, role in row:
        end = start + len(text)
        if role == "curve" and end > at + 1:
            kept = max(at + 1 - start, 0)
            marked += [Segment(text[:kept], role)] if kept else []
            marked.append(Segment(text[kept:], "future"))
        else:
            marked.append(Segment(text, role))
        start = end
    if 0 <= at < start and _open(row)[at] in (" ", glyphs.theory, glyphs.theory_time):
        return put(marked, at, glyphs.mark, "mark")
    return marked


def _rounded(loss: float) -> float:
    return float(f"{loss:.3g}")


def _open(row: Row) -> str:
    """The text of a row, but that a blank in the label of a plateau is none."""
    return "".join(text.replace(" ", "x") if role == "level" else text for text, role in row)


def _over_blanks(row: Row, columns: range, text: str, role: Role) -> Row:
    """A character over those cells of some columns that are empty."""
    line = _open(row)
    blank = [x for x in columns if 0 <= x < len(line) and line[x] == " "]
    if not blank:
        return row
    if len(blank) == 1 + blank[-1] - blank[0]:
        return put(row, blank[0], text * len(blank), role)
    cells = spread(row)
    for x in blank:
        cells[x] = Segment(text, role)
    return joined(cells)


def theory_key(
    landmarks: Landmarks | None, forecast: "Forecast | None", glyphs: Glyphs, width: int
) -> list[Row]:
    """A key of the marks of the theory, and the next escape in numbers, as much as fits ``width``."""
    entries: list[Segment] = []
    if landmarks is not None and landmarks.escapes:
        entries.append(Segment(f" {glyphs.theory}{glyphs.theory_time} theory", "theory"))
    if forecast is not None:
        time, rate = (short(float(f"{value:.4g}")) for value in (forecast.time, forecast.rate))
        entries.append(Segment(f" {glyphs.forecast} next escape t = {time}", "forecast"))
        many = forecast.neurons.size
        grow = f"{many} neurons grow" if many > 1 else "1 neuron grows"
        entries.append(Segment(f", {grow} at {rate}", "dim"))
    if landmarks is not None and landmarks.escapes:
        entries.append(Segment(f" ({landmarks.source})", "dim"))
    row: Row = []
    for entry in entries:
        if sum(len(text) for text, _ in [*row, entry]) <= width:
            row.append(entry)
    return [row] if row else []
