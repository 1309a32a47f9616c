"""Which characters a terminal can show, and which ones to draw with."""

import codecs
import locale
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reluflow.errors import ReluflowError


@dataclass(frozen=True)
class Glyphs:
    """One consistent set of characters.

    ``curve`` is what the canvas draws lines with ("braille", "hd" for quarter blocks, or a character);
    ``dots`` (across, down) the points it can tell apart in a cell.
    """

    name: str
    curve: str
    dots: tuple[int, int]
    positive: str = "●"
    negative: str = "○"
    still: str = "·"
    positive_cursor: str = "◆"
    negative_cursor: str = "◇"
    active: str = "●"
    inactive: str = "·"
    point: str = "×"
    horizontal: str = "─"
    vertical: str = "│"
    corner: str = "└"
    tick_left: str = "┤"
    tick_below: str = "┬"
    mark: str = "┊"
    level: str = "┄"
    ellipsis: str = "…"
    degree: str = "°"
    play: str = "▶"
    pause: str = "■"
    sliding: str = "◐"
    down: str = "↓"
    up: str = "↑"
    plateau: str = "░"
    escape: str = "█"
    plateau_event: str = "▒"
    escape_event: str = "▓"
    event: str = "┴"
    heavy: str = "━"
    theory: str = "╌"
    theory_time: str = "╎"
    forecast: str = "╏"
    plus_goal: str = "▲"
    minus_goal: str = "▽"
    band_cursor: str = "┃"
    separator: str = "·"
    focus: str = "▸"


BRAILLE: Final = Glyphs("braille", curve="braille", dots=(2, 4))
BLOCK: Final = Glyphs("block", curve="hd", dots=(2, 2))
ASCII: Final = Glyphs(
    "ascii",
    curve="*",
    dots=(1, 1),
    positive="+",
    negative="o",
    still=".",
    positive_cursor="#",
    negative_cursor="@",
    active="#",
    inactive=".",
    point="x",
    horizontal="-",
    vertical="|",
    corner="+",
    tick_left="+",
    tick_below="+",
    mark=":",
    level="-",
    ellipsis="~",
    degree=" ",
    play=">",
    pause="=",
    sliding="/",
    down="v",
    up="^",
    plateau="=",
    escape="#",
    plateau_event="!",
    escape_event="%",
    event="!",
    heavy="=",
    theory="~",
    theory_time="'",
    forecast="!",
    plus_goal="A",
    minus_goal="V",
    band_cursor="|",
    separator="-",
    focus=">",
)

MARKERS: Final = {"braille": BRAILLE, "block": BLOCK, "ascii": ASCII}

#: terminals whose console font has neither braille nor the geometric shapes
_BARE_TERMINALS: Final = ("linux", "vt100", "vt102", "vt220", "dumb", "cons25")


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether nothing is known of the terminal by which one could place its cursor."""
    return environ.get("TERM", "") in ("", "dumb", "unknown")


def choose(marker: str, environ: Mapping[str, str], encoding: str | None = None) -> Glyphs:
    """The glyphs called ``marker``, or for "auto" the best that the terminal and the locale can show.

    ``encoding`` is the locale's when left out. Raises ReluflowError for an unknown name.
    """
    if marker in MARKERS:
        return MARKERS[marker]
    if marker != "auto":
        raise ReluflowError(f"--marker is {marker!r}; expected auto, {', '.join(MARKERS)}")
    if environ.get("TERM", "") in _BARE_TERMINALS or not _speaks_utf8(encoding):
        return ASCII
    return BRAILLE


def _speaks_utf8(encoding: str | None) -> bool:
    try:
        return codecs.lookup(encoding or locale.getencoding()).name == "utf-8"
    except LookupError:
        return False
