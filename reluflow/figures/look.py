"""How figures look: sizes for one column, and lines that are told apart without colour.

Neighbours in the cycle of lines differ in their dashes and, all but one pair, by 15 or more in CIELAB
lightness, so that they are told apart in grey print and by the colour-blind.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

import matplotlib
from cycler import cycler
from matplotlib import style as styles
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties

from reluflow.errors import ReluflowError

#: inches: a column of the usual journals
WIDTH: Final = 3.37
HEIGHT: Final = 2.3
#: inches that a row of a legend above the axes adds to the height
ROW: Final = 0.14

#: Okabe and Ito's colours, dark and light in turn, with the dashes of each
LINES: Final = (
    ("#0072B2", "-"),
    ("#E69F00", (0, (4, 1.2))),
    ("#000000", (0, (1, 1))),
    ("#56B4E9", (0, (6, 1.2, 1, 1.2))),
    ("#882255", (0, (3, 1, 1, 1, 1, 1))),
    ("#009E73", (0, (8, 2))),
)
#: on lines from the seventh on, which have the colours and dashes of the first ones
MARKERS: Final = ("o", "s", "^", "D", "v")
#: of neurons with a positive and with a negative output weight: colour, dashes, marker
POSITIVE: Final[tuple[str, Any, str]] = ("#0072B2", "-", "o")
NEGATIVE: Final[tuple[str, Any, str]] = ("#E69F00", (0, (4, 1.2)), "s")
#: of data, of what theory predicts, of what only guides the eye
DATA: Final = "#882255"
THEORY: Final = "#6b6b6b"
GUIDE: Final = "#b0b0b0"

#: what matplotlib warns of where axes have no room
_NO_ROOM: Final = "constrained_layout not applied"
#: between axes and the legend above them, in sizes of its letters
GAP: Final = 0.2
EXPONENT: Final = 1.6

_OURS: Final[dict[Any, Any]] = {
    "figure.figsize": (WIDTH, HEIGHT),
    "figure.dpi": 150,
    "savefig.dpi": 300,
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "figure.titlesize": 9.0,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "axes.prop_cycle": cycler(color=[colour for colour, _ in LINES])
    + cycler(linestyle=[dashes for _, dashes in LINES]),
    "pdf.fonttype": 42,  # TrueType, embedded: text stays text
    "svg.fonttype": "path",  # drawn, so that every program shows the same
    "svg.hashsalt": "reluflow",  # the same run gives the same file
}


def edged(width: float, colour: str = "black") -> dict[str, Any]:
    """Marks with an edge that tells them from each other where many stand."""
    return {"markeredgecolor": colour, "markeredgewidth": width}


def ink() -> str:
    """The colour of words, and of lines that are black on white, in the present style."""
    colour: str = matplotlib.rcParams["text.color"]
    return colour


def sized(
    width: float, height: float, letters: Literal["legend.fontsize", "font.size"] = "legend.fontsize"
) -> tuple[float, float]:
    """Inches of a figure: such, or larger by as much as ``letters`` of the present style are than ours."""
    points = FontProperties(size=matplotlib.rcParams[letters]).get_size_in_points()
    grown = max(points / _OURS[letters], 1.0)
    return grown * width, grown * height


@contextmanager
def _silent() -> Iterator[None]:
    """Without what matplotlib logs."""
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def fits() -> Iterator[None]:
    """While a figure is drawn. Raises ReluflowError if there is no room for both its words and its axes.

    Signs that a font has not are drawn as boxes, without a word of that, which would go to the app's screen.
    """
    with warnings.catch_warnings(), _silent():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        warnings.filterwarnings("error", f".*{_NO_ROOM}.*")
        try:
            yield
        except UserWarning as warning:
            if _NO_ROOM not in str(warning):
                raise
            raise ReluflowError(
                "the figure is too small for its words; expected a larger --size, or smaller letters"
            ) from None


def again(number: int) -> dict[str, Any]:
    """What tells a line, by its ``number`` from 0, from those of the same colour and dashes before it."""
    rounds = number // len(matplotlib.rcParams["axes.prop_cycle"])
    return {"marker": MARKERS[(rounds - 1) % len(MARKERS)], "markevery": 0.12} if rounds else {}


def legend_above(axes: Axes, columns: int, *, gap: float = GAP, **choices: Any) -> None:
    """A legend above the axes, where it hides no line, by a ``gap`` in sizes of its letters.

    ``EXPONENT`` leaves room for the power of ten that may stand above the vertical axis.
    """
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        borderaxespad=gap,
        columnspacing=1.2,
        **choices,
    )


@contextmanager
def look(style: str | None = None) -> Iterator[None]:
    """While it lasts figures look so; a matplotlib ``style``, by name or file, stands before that.

    Raises ReluflowError for a style that cannot be read.
    """
    with matplotlib.rc_context(_OURS):
        if style is not None:
            _use(style)
        yield


def _use(style: str) -> None:
    """Take over a style. What matplotlib cannot read in a file it only logs, and leaves out."""
    listener, logger = _Listener(), logging.getLogger("matplotlib")
    logger.addHandler(listener)
    try:
        styles.use(style)
    except (OSError, ValueError) as error:
        some = ", ".join(name for name in styles.available if not name.startswith("_"))
        reason = str(error) if "not a valid" not in str(error) else f"expected a file or one of {some}"
        raise ReluflowError(f"--style {style}: there is no such style of matplotlib; {reason}") from None
    finally:
        logger.removeHandler(listener)
    if listener.heard:
        raise ReluflowError(
            f"--style {style}: {listener.heard[0]}; expected a style that matplotlib can read"
        )


class _Listener(logging.Handler):
    """Keeps the first line of each warning that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage().strip().partition("\n")[0])
