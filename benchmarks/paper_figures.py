"""The figures of both papers again, by the commands of the program: docs/figures.md says what each was.

    python benchmarks/paper_figures.py                 all, as docs/pictures/*.png
    python benchmarks/paper_figures.py --ending .pdf --out DIR p1-five angles     some, by parts of names

P1 = Boursier, Pillaud-Vivien, Flammarion 2022 (arXiv 2206.00939) with its notebooks
(github.com/eboursier/GFdynamics), P2 = Chistikov, Englert, Lazic 2023 (arXiv 2306.06479) with its code
(github.com/englert-m/shallow_ReLU_dynamics). Data and first weights follow their laws and are not their
draws. Runs are written to a folder beside the pictures, which ``--keep`` leaves there; one that is there
already is not solved again.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]


@dataclass(frozen=True)
class Picture:
    """A figure: its ``name``, the ``preset`` that is run, the ``options`` of reluflow plot, and what the
    ``original`` shows."""

    name: str
    preset: str
    options: tuple[str, ...]
    original: str

    @property
    def moves(self) -> bool:
        """Whether it is an animation."""
        return self.name.endswith("-moving")


_FRAME: Final = (
    "P1, frame of the notebook's animation: h(x) and the points in green, and in blue, on an axis of its "
    "own, a star at -w_j2/w_j1 and height a_j for each neuron"
)
_PROFILE: Final = "P1, loss profile: loss over iterations, linear"

PICTURES: Final[tuple[Picture, ...]] = (
    Picture(
        "p1-toy-loss", "orthogonal-toy", ("--kind", "loss", "--linear"), f"{_PROFILE}, orthogonal points"
    ),
    Picture("p1-toy-start", "orthogonal-toy", ("--kind", "function", "--at", "0"), f"{_FRAME}: the start"),
    Picture("p1-toy-saddle", "orthogonal-toy", ("--kind", "function", "--at", "18"), f"{_FRAME}: the saddle"),
    Picture("p1-toy-end", "orthogonal-toy", ("--kind", "function"), f"{_FRAME}: the end"),
    Picture("p1-toy-moving", "orthogonal-toy", ("--kind", "function"), "P1, animation-ortho.mp4"),
    Picture(
        "p1-five-loss",
        "nonorthogonal-five-points",
        ("--kind", "loss", "--linear"),
        f"{_PROFILE}, five points, small weights; by descent, whose finite steps keep it at 0.0318",
    ),
    Picture(
        "p1-five-saddle",
        "nonorthogonal-five-points",
        ("--kind", "function", "--at", "300"),
        f"{_FRAME}: five points, on the saddle",
    ),
    Picture(
        "p1-five-end",
        "nonorthogonal-five-points",
        ("--kind", "function"),
        f"{_FRAME}: five points; descent ends as on the saddle, the flow at a fit",
    ),
    Picture(
        "p1-five-moving", "nonorthogonal-five-points", ("--kind", "function"), "P1, animation-non-ortho.mp4"
    ),
    Picture(
        "p1-large-loss",
        "nonorthogonal-five-points-large",
        ("--kind", "loss", "--linear"),
        f"{_PROFILE}, five points, large weights: no plateau",
    ),
    Picture(
        "p1-large-end",
        "nonorthogonal-five-points-large",
        ("--kind", "function"),
        f"{_FRAME}: five points, large weights: many kinks",
    ),
    Picture(
        "p1-large-moving",
        "nonorthogonal-five-points-large",
        ("--kind", "function"),
        "P1, animation-non-ortho-large-init.mp4",
    ),
    Picture(
        "p1-high-loss",
        "high-dimension",
        ("--kind", "loss", "--linear", "--time", "log"),
        f"{_PROFILE}, 75 samples in 150 dimensions from scale 1e-20; here over log time, since the last "
        "plateau of the flow is thirty times as long as the others",
    ),
    Picture(
        "p1-high-start",
        "high-dimension",
        ("--kind", "directions", "--at", "0"),
        "P1, polar plot of the neurons in the first two principal directions of the final weights, not "
        "centred, in red and violet by the sign of a_j: the start",
    ),
    Picture("p1-high-end", "high-dimension", ("--kind", "directions"), "the same at the end"),
    Picture("p1-high-moving", "high-dimension", ("--kind", "directions"), "P1, animation_high_dim.mp4"),
    Picture(
        "p1-high-variance",
        "high-dimension",
        ("--kind", "spectrum", "--time", "log"),
        "P1, explained variance ratio over the number of the component, at the end; here over time",
    ),
    *(
        Picture(
            f"p2-{name}-{kind}",
            f"neuron-{name}-10",
            ("--kind", kind, "--time", "log"),
            f"P2's code logs it at each iteration, {name} inputs: {what}",
        )
        for name in ("centred", "uncentred")
        for kind, what in (
            ("loss", "the training loss"),
            ("eigen", "the coordinates of v* - v along the eigenvectors of X'X"),
            ("angles", "the widest angle between neurons with a > 0 that saw a sample, and those to v*"),
            ("spectrum", "the singular values of W, whose sum is the nuclear norm"),
        )
    ),
    Picture(
        "p2-teachers-loss", "two-teachers", ("--kind", "loss", "--time", "log"), "P2, two teachers: the loss"
    ),
    Picture(
        "p2-teachers-spectrum",
        "two-teachers",
        ("--kind", "spectrum", "--time", "log"),
        "the same: the teachers lie on one line, and so does W in the end",
    ),
)


def reluflow(folder: Path, *words: str) -> None:
    """Run a command of the program in a folder. One that ends with 1, a run without a fit, has done it."""
    words = ("-m", "reluflow", *words)
    done = subprocess.run([sys.executable, *words], cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(words)}: {done.stderr}")


def make(picture: Picture, folder: Path, ending: str) -> str:
    """Make a picture, after its run if that is not there; returns the name of its file.

    Names are relative, since the command is written into the picture.
    """
    run, name = f"runs/{picture.preset}", f"{picture.name}{'.gif' if picture.moves else ending}"
    if not (folder / run).is_dir():
        reluflow(folder, "run", picture.preset, "--out", run, "--quiet")
    reluflow(folder, "plot", run, "-o", name, *picture.options)
    return name


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures", help="folder of the pictures")
    parser.add_argument("--ending", default=".png", choices=(".png", ".pdf", ".svg"))
    parser.add_argument("--still", action="store_true", help="no animations, which take longest")
    parser.add_argument("--keep", action="store_true", help="leave the runs in the folder")
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="only pictures with one of these in their names"
    )
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        chosen = not asked.words or any(word in picture.name for word in asked.words)
        if chosen and not (asked.still and picture.moves):
            print(make(picture, asked.out, asked.ending), flush=True)
    if not asked.keep:
        shutil.rmtree(asked.out / "runs", ignore_errors=True)


if __name__ == "__main__":
    main()
