"""Pictures as plain text, by which they are recorded, and where their groups are kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from reluflow.plot.cells import ROLES, Row, Segment

#: a title, and the rows below it
Picture = tuple[str, list[Row]]

#: functions that make the pictures of one file, by its name
GROUPS: dict[str, Callable[[], Iterator[Picture]]] = {}


def group(make: Callable[[], Iterator[Picture]]) -> Callable[[], Iterator[Picture]]:
    """Keep the pictures of a function in a file of its name."""
    GROUPS[make.__name__] = make
    return make


def pictured(title: str, rows: Iterable[Row]) -> str:
    """Rows as they stand, each closed by a bar; behind it the columns of each role but "text"."""
    lines = [f"== {title}"]
    for row in rows:
        columns: dict[str, list[int]] = {}
        at = 0
        for text, role in row:
            assert role in ROLES
            columns.setdefault(role, []).extend(range(at, at + len(text)))
            at += len(text)
        told = [f"{role} {_ranges(columns[role])}" for role in columns if role != "text" and columns[role]]
        lines.append("".join(text for text, _ in row) + " ".join(["|", *told]))
    return "\n".join([*lines, "", ""])


def _ranges(numbers: list[int]) -> str:
    """2, 3, 4, 7 as 2-4,7."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def told(title: str, lines: Mapping[str, object]) -> Picture:
    """Results of a function in words."""
    return title, [[Segment(f"{question}: {answer}", "text")] for question, answer in lines.items()]


def digits(value: object) -> object:
    """Numbers without their last digits, in whatever they are in."""
    if isinstance(value, tuple | list):
        return type(value)(digits(each) for each in value)
    return float(f"{value:.8g}") if isinstance(value, float) else value
