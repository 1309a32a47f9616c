"""Shorter output: styles (SGR sequences) are written only where they change.

Textual writes every piece of text between a full description of its style and a reset, which is two thirds
of the bytes of a frame. Here a piece with the style of the piece before needs neither, a piece that differs
in one colour names that colour, and blanks keep any style with the right background.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

_SGR: Final = re.compile(r"\x1b\[([\d;]*)m")
#: text that shows no foreground: blanks, and moves of the cursor
_BLANK: Final = re.compile(r"(?: |\r|\n|\x1b\[[\d;]*H)*")
_MOVES: Final = re.compile(r"(?:\r|\n|\x1b\[[\d;]*H)*")
#: bold and faint, which end together with 22; with italics they leave blanks as they are
_WEIGHTS: Final = frozenset("12")
_UNSEEN: Final = frozenset("123")


class Style(NamedTuple):
    """A style of the terminal: colours are their numbers in the sequence ("" is the terminal's own)."""

    front: str = ""
    back: str = ""
    marks: frozenset[str] = frozenset()


PLAIN: Final = Style()


def compact(text: str) -> str:
    """Output that begins and ends without a style, with the same effect on the screen."""
    pieces = _SGR.split(text)
    out = [pieces[0]]
    held = wanted = PLAIN
    for numbers, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        wanted = _after(wanted, numbers)
        if not piece:
            continue
        held = _keep(held, wanted, piece, out)
        out.append(piece)
    out.append(_change(held, wanted))
    return "".join(out)


def _keep(held: Style, wanted: Style, piece: str, out: list[str]) -> Style:
    """The style to write a piece with; what leads to it from the one held goes to ``out``."""
    if held == wanted or _MOVES.fullmatch(piece):
        return held
    unseen = held.marks <= _UNSEEN and wanted.marks <= _UNSEEN
    if unseen and _BLANK.fullmatch(piece):
        wanted = Style(held.front, wanted.back, held.marks)
    out.append(_change(held, wanted))
    return wanted


@lru_cache(maxsize=4096)
def _after(style: Style, numbers: str) -> Style:
    """The style after a sequence with such numbers."""
    front, back, marks = style
    given = iter(numbers.split(";"))
    for number in given:
        if number in ("", "0"):
            front, back, marks = PLAIN
        elif number in ("38", "48"):
            kind = next(given, "")
            rest = [next(given, "") for _ in range(1 if kind == "5" else 3)]
            colour = ";".join([number, kind, *rest])
            front, back = (colour, back) if number == "38" else (front, colour)
        elif number in ("39", "49"):
            front, back = ("", back) if number == "39" else (front, "")
        elif number == "22":
            marks -= _WEIGHTS
        elif len(number) == 1:
            marks |= {number}
        elif number[0] in "39" and len(number) == 2:
            front = number
        elif number[0] == "4" or (number[:2] == "10" and len(number) == 3):
            back = number
        else:
            marks |= {number}
    return Style(front, back, marks)


@lru_cache(maxsize=4096)
def _change(held: Style, wanted: Style) -> str:
    """The shortest sequence from one style to another."""
    if held == wanted:
        return ""
    if wanted == PLAIN:
        return "\x1b[0m"
    gone = held.marks - wanted.marks
    lost = (held.front and not wanted.front) or (held.back and not wanted.back)
    numbers: list[str] = []
    if lost or not gone <= _WEIGHTS or (gone and wanted.marks & _WEIGHTS):
        held = PLAIN
        numbers.append("0")
    elif gone:
        numbers.append("22")
    numbers += sorted(wanted.marks - held.marks)
    numbers += [wanted.front] if wanted.front != held.front else []
    numbers += [wanted.back] if wanted.back != held.back else []
    return f"\x1b[{';'.join(numbers)}m"
