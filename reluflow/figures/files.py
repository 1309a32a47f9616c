"""Figures as files, which say themselves what they were made by."""

import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text

from reluflow.errors import ReluflowError, escaped
from reluflow.figures.look import fits
from reluflow.figures.metadata import NAMES
from reluflow.store.files import write_bytes, writing
from reluflow.store.run_record import Curve
from reluflow.sweep.opening import Sweep, SweepInMemory
from reluflow.sweep.study import STUDY


def presets_of(shown: Sequence[Curve | Sweep | SweepInMemory]) -> str:
    """The presets of runs, and the studies of sweeps, as TOML, each behind its directory."""
    return "\n".join(f"# {escaped(str(each.path))}\n{_toml(each)}" for each in shown)


def _toml(shown: Curve | Sweep | SweepInMemory) -> str:
    if isinstance(shown, Sweep):
        return (shown.path / STUDY).read_text(encoding="utf-8")
    if isinstance(shown, SweepInMemory):
        return shown.study.to_toml()
    return shown.preset.to_toml()


def save(
    figure: Figure, path: Path, command: str = "", runs: Sequence[Curve | Sweep | SweepInMemory] = ()
) -> None:
    """Write a figure as .pdf, .svg or .png, with the ``command`` and the presets of its ``runs`` in it.

    The same figure gives the same bytes: no time is written. Raises ReluflowError for another ending and
    where it cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in NAMES:
        raise ReluflowError(
            f"{path}: found the ending {path.suffix or 'none'}; expected {', '.join(NAMES)}, or for a "
            "figure that moves .gif or .mp4"
        )
    said = (escaped(command), presets_of(runs))
    texts: dict[str, str | None] = dict(zip(NAMES[ending], said, strict=True))
    if ending == ".pdf":
        texts |= {"CreationDate": None}
    if ending == ".svg":
        texts |= {"Date": None}
    content = io.BytesIO()
    with fits():
        make_legible(figure)
        figure.savefig(content, format=ending.removeprefix("."), metadata=texts)
    with writing(path, ReluflowError):
        write_bytes(path, content.getvalue())


def make_legible(figure: Figure) -> None:
    """Write control characters in a figure's texts as escapes, and dollars as such where they are no formula.

    Names of runs and titles may hold any character. XML and fonts cannot hold all, and matplotlib fails on
    what is not a formula between two dollars.
    """
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        words = text.get_text()
        if (legible := escaped(words, kept="\n")) != words:
            text.set_text(legible)
        if "$" in legible and not _is_formula(legible):
            text.set_parse_math(False)


def _is_formula(words: str) -> bool:
    try:
        MathTextParser("path").parse(words)
    except ValueError:
        return False
    return True
