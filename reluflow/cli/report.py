"""The end of a run in words and numbers."""

import textwrap
from collections.abc import Mapping
from typing import Any


def report(summary: Mapping[str, Any], width: int) -> str:
    """A few lines for a person, from what ``run --json`` prints, in ``width`` cells."""
    saved = [
        ("time", _number(summary.get("time"))),
        ("loss", f"{_number(summary.get('loss'))} ({summary.get('loss_convention', 'as stated')})"),
        *_margins(summary),
        ("norm", f"{_number(summary.get('variation_norm'))} (sum of |a_j| |w_j|)"),
        ("steps", f"{summary.get('steps')} ({summary.get('events')} events)"),
        ("method", str(summary.get("method"))),
        ("wall", f"{_number(summary.get('wall_seconds'))} s"),
        ("run", str(summary.get("run"))),
        *([("checked", _checked(summary["check"]))] if summary.get("check") else []),
    ]
    lines = [
        f"{summary.get('preset')}: {summary.get('status')}",
        *wrapped("  ", str(summary.get("reason")), width),
    ]
    lines += [line for name, words in saved for line in wrapped(f"  {name:<8}", words, width)]
    return "\n".join(lines + _saddles(summary.get("saddles") or [])) + "\n"


def _margins(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Of a run on labels."""
    if "accuracy" not in summary:
        return []
    hard, smoothed = (_number(summary.get(name)) for name in ("margin", "smoothed_margin"))
    right = f"{100.0 * summary['accuracy']:.4g} % of the samples right"
    return [("margin", f"{hard} (min y h / (|theta|^2 / 2)), smoothed {smoothed}; {right}")]


def wrapped(label: str, words: str, width: int) -> list[str]:
    """Words behind a label, on more lines at blanks where they are too long; a path is never broken."""
    indent = " " * len(label)
    lines = textwrap.wrap(
        words,
        max(width, len(label) + 20),
        initial_indent=label,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [label.rstrip()]


def _saddles(saddles: list[Mapping[str, Any]]) -> list[str]:
    if not saddles:
        return []
    names = ("start", "end", "loss", "escape_rate")
    rows = [[_number(saddle.get(name)) for name in names] for saddle in saddles]
    titles = ["from", "escape at", "loss", "escape rate"]
    table = [f"    {''.join(f'{cell:>14}' for cell in row)}" for row in [titles, *rows]]
    return ["  plateaus", *table]


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.6g}"


def _checked(check: Mapping[str, Any]) -> str:
    from reluflow.training.checking import told_in_words

    return told_in_words(check)
