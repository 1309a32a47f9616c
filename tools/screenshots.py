"""Makes the pictures of the app in screenshots/, or checks that they show what the app shows.

    python tools/screenshots.py [--check] [NAME...]

Each is the app on a preset, driven by keys. What is compared are the words of the SVG, line by line, without
the lines and dots of its plots and without numbers, whose last digits change with the solver.
"""

import argparse
import asyncio
import html
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "tui")]

from driver import Driver, explorer  # noqa: E402

from reluflow.plot.phases import plateau_at  # noqa: E402
from reluflow.tui.export import save_screenshot  # noqa: E402

FOLDER: Final = ROOT / "screenshots"
#: lines, shapes and dots, of which plots are made, and numbers
_DOTS: Final = re.compile("[\u2500-\u28ff]")
_NUMBER: Final = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?")
_TEXT: Final = re.compile(r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>')
_TAG: Final = re.compile("<[^>]*>")


@dataclass(frozen=True)
class Picture:
    """The app on a ``preset`` at a ``size`` in cells, after what ``pose`` does with it."""

    preset: str
    size: tuple[int, int]
    pose: Callable[[Driver], Awaitable[None]]


def keys(*pressed: str) -> Callable[[Driver], Awaitable[None]]:
    """Wait until the run is solved and the theory knows it, then press some keys."""

    async def pose(driver: Driver) -> None:
        await driver.solved()
        await driver.until(lambda: "theory" in driver.text, "what the theory says")
        await driver.press(*pressed)
        await foreseen(driver)

    return pose


async def foreseen(driver: Driver) -> None:
    """Wait until what is foreseen from the plateau of the cursor, if it is on one, is on screen."""
    moment = driver.moment
    if plateau_at(moment.plateaus, moment.t) is not None:
        theory = driver.app.theory
        await driver.until(lambda: theory.marks.extremal is not None, "what is foreseen")
    await driver.until(lambda: "computing" not in driver.text, "what a page says")


async def predictions(driver: Driver) -> None:
    """The page of predictions, filled in."""
    await driver.solved()
    await driver.press("V")
    await driver.until(lambda: "hold" in driver.text, "the rows of the table")


async def descent(driver: Driver) -> None:
    """Plain descent beside the flow that it parts from."""
    await keys("d")(driver)
    await driver.until(lambda: driver.frame.method == "gd", "descent on screen")
    await driver.solved()
    await driver.press("end")
    await foreseen(driver)


#: from the beginning of the second plateau of the toy into its middle
_ON_S2: Final = ("home", "right_square_bracket", *["right"] * 3)
PICTURES: Final[Mapping[str, Picture]] = {
    "toy-80x24": Picture("orthogonal-toy", (80, 24), keys(*_ON_S2)),
    "toy-first-saddle-160x45": Picture("orthogonal-toy", (160, 45), keys(*_ON_S2)),
    "plateau-120x40": Picture("orthogonal-toy", (120, 40), keys(*_ON_S2, "i")),
    "verify-120x40": Picture("orthogonal-toy", (120, 40), predictions),
    "five-points-function-120x40": Picture("nonorthogonal-five-points", (120, 40), keys("end", "n")),
    "five-points-descent-against-flow-160x45": Picture("nonorthogonal-five-points", (160, 45), descent),
    "two-teachers-120x40": Picture("two-teachers", (120, 40), keys("end", "l")),
}


async def svg_of(picture: Picture) -> str:
    """The picture as it is."""
    async with explorer(picture.preset, picture.size, form=True, theory=True) as driver:
        await picture.pose(driver)
        with tempfile.TemporaryDirectory() as folder:
            path = save_screenshot(driver.app, picture.preset, Path(folder))
            return plain(path.read_text(encoding="utf-8"))


def plain(svg: str) -> str:
    """The SVG with names of classes that do not change from one process to the next."""
    found = re.search(r"terminal-\d+", svg)
    return svg.replace(found[0], "terminal-0") if found else svg


def words_of(svg: str) -> list[str]:
    """The words of a picture, a line each, with # for every number."""
    rows: dict[float, dict[float, str]] = {}
    for x, y, text in _TEXT.findall(svg):
        rows.setdefault(float(y), {})[float(x)] = html.unescape(_TAG.sub("", text))
    lines = ["".join(text for _, text in sorted(row.items())) for _, row in sorted(rows.items())]
    return [" ".join(_NUMBER.sub(" # ", _DOTS.sub(" ", line)).split()) for line in lines]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if words differ")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    asked = parser.parse_args()
    different = False
    for name in asked.names or PICTURES:
        path, svg = FOLDER / f"{name}.svg", asyncio.run(svg_of(PICTURES[name]))
        if not asked.check:
            path.write_text(svg, encoding="utf-8")
        elif not path.is_file() or words_of(path.read_text(encoding="utf-8")) != words_of(svg):
            print(f"{path}: shows something else; run python tools/screenshots.py {name}")
            different = True
    return int(different)


if __name__ == "__main__":
    sys.exit(main())
