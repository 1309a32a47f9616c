"""The table of a comparison and its bars."""

import statistics
from collections.abc import Sequence

from comparison import Outcome

#: an error up to here is agreement, and the shares that the bars allow
AGREES, SHARE, MEDIAN, CHOICES, EXCUSED, SLIDING = 1e-4, 0.995, 1e-6, 0.01, 0.01, 0.6

HEAD = (
    "| family | problems | sliding | exceptions | no reference | agree | median error | worst error | "
    "choices balanced | choices others | excused |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
)


def summary(rows: Sequence[Outcome], seed: int) -> tuple[str, bool]:
    """Markdown, and whether all bars are held."""
    lines = [HEAD.rstrip("\n")]
    names = dict.fromkeys(row.family for row in rows)
    lines += [_line(name, [row for row in rows if row.family == name]) for name in names]
    lines.append(_line("**all**", rows))
    bars, held = _bars(rows)
    return "\n".join([f"Seed {seed}.", "", *lines, "", *bars, "", _notes(rows)]), held


def _notes(rows: Sequence[Outcome]) -> str:
    """Who says that descent leaves the way on open, and how many runs were compared in part only."""
    both = sum(row.chose > 0 and row.reference_chose > 0 for row in rows)
    ours = sum(row.chose > 0 and row.reference_chose == 0 for row in rows)
    theirs = sum(row.chose == 0 and row.reference_chose > 0 for row in rows)
    cut = sum(row.ended == "wall" for row in rows)
    return (
        f"With a choice: {both} by both, {ours} by the product alone, {theirs} by the reference alone. "
        f"Compared only up to where the reference was at its limit of wall time: {cut}."
    )


def counted(rows: Sequence[Outcome]) -> list[Outcome]:
    """Those to compare: with a reference, and with no choice marked by either side."""
    return [row for row in rows if row.error is not None and not row.marked]


def _line(name: str, rows: Sequence[Outcome]) -> str:
    free = counted(rows)
    errors = [row.error for row in free if row.error is not None]
    agree = sum(error <= AGREES for error in errors)
    cells = [
        name,
        len(rows),
        f"{_share(sum(row.slid for row in rows), len(rows)):.0f} %",
        sum(row.status == "exception" for row in rows),
        sum(row.status == "no reference" for row in rows),
        f"{agree} of {len(free)}",
        f"{statistics.median(errors):.1e}" if errors else "-",
        f"{max(errors):.1e}" if errors else "-",
        sum(row.marked for row in rows if row.balanced),
        sum(row.marked for row in rows if not row.balanced),
        sum(row.excused for row in rows),
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _bars(rows: Sequence[Outcome]) -> tuple[list[str], bool]:
    free = [row for row in counted(rows) if not row.excused]
    errors = [row.error for row in free if row.error is not None]
    balanced = [row for row in rows if row.balanced]
    chose = sum(row.chose > 0 for row in balanced)
    found = [
        (
            "exceptions and runs without end",
            sum(row.status in ("exception", "timeout") for row in rows),
            "0",
            0,
        ),
        ("agree to 1e-4, %", _share(sum(e <= AGREES for e in errors), len(errors)), ">= 99.5", -100 * SHARE),
        ("median of the largest errors", statistics.median(errors) if errors else 0.0, "<= 1e-6", MEDIAN),
        ("balanced ones with a choice, %", _share(chose, len(balanced)), "<= 1", 1),
        ("excused, %", _share(sum(row.excused for row in rows), len(rows)), "<= 1", 1),
        ("with sliding, %", _share(sum(row.slid for row in rows), len(rows)), ">= 60", -100 * SLIDING),
    ]
    lines, held = ["| bar | found | wanted | holds |", "|---|---|---|---|"], True
    for what, value, wanted, bound in found:
        holds = value >= -bound if bound < 0 else value <= bound
        held = held and holds
        lines.append(f"| {what} | {value:.4g} | {wanted} | {'yes' if holds else 'NO'} |")
    return lines, held


def _share(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 0.0
