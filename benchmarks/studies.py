"""The papers' tables and maps over many runs, each by one command.

    python benchmarks/studies.py p2-d4 success-map       some of benchmarks/studies/*.toml
    python benchmarks/studies.py p2-d16 --folder sweeps --jobs 1

A study is a preset file with a section [sweep]. Its runs are made in FOLDER/NAME by ``reluflow sweep``, or
those that are missing there, so that a command that was broken off goes on where it was. Then the rows are
written to benchmarks/tables/NAME.csv and what they say to benchmarks/tables/NAME.md, from what was run and
nothing else.

P2 = Chistikov, Englert, Lazic 2023 (arXiv 2306.06479), whose medians of five trials are in
studies/p2-published.csv (Tables 1 to 12). Seeds are this program's own.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import csv
import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.special import chdtrc
from sphere_map import sphere_descent, sphere_horizon, sphere_map

from reluflow.store.preset import load_preset
from reluflow.sweep.opening import open_sweep
from reluflow.theory.orthogonal_fit import fit_probability, seen

HERE: Final = Path(__file__).parent
STUDIES: Final = HERE / "studies"
TABLES: Final = HERE / "tables"
#: Medians of five are drawn so often from the seeds of a cell; the range leaves out 2.5 % at either end.
DRAWS, TRIALS, RANGE = 20_000, 5, (2.5, 97.5)
#: P2's names, and the columns of the sweep.
QUANTITIES: Final = {
    "max_angle_degrees": "angle_max_plus",
    "mean_angle_degrees": "angle_mean_plus",
    "nuclear_norm": "nuclear_norm",
}
#: Columns that are written beside the varied keys and the measures.
WRITTEN: Final = ("status", "success", "time", "loss", "nuclear_norm")

Table = dict[str, Any]


def swept(name: str, folder: Path, jobs: int) -> Table:
    """The rows of a study, those that are missing solved before. Raises SystemExit if it is broken off."""
    where = folder / name
    words = ["sweep", str(STUDIES / f"{name}.toml"), "--out", str(where), "--jobs", str(jobs)]
    again = ["--resume"] if where.exists() else []
    done = subprocess.run([sys.executable, "-m", "reluflow", *words, *again], check=False, stdout=sys.stderr)
    if done.returncode not in (0, 1):  # 1: there are runs that failed, which are rows with their reasons
        raise SystemExit(done.returncode)
    return rows_of(where)


def rows_of(where: Path) -> Table:
    return dict(open_sweep(where).table())


def write_rows(name: str, table: Table, more: Sequence[str]) -> None:
    """The rows that the table is made from."""
    keys = [key for key in table if "." in key]
    columns = [*keys, *dict.fromkeys(column for column in (*WRITTEN, *more) if column in table)]
    with (TABLES / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*(table[column] for column in columns), strict=True):
            writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    return f"{value:.7g}" if isinstance(value, float) else value


# --- P2: one neuron as teacher ---


@dataclass(frozen=True)
class Published:
    """A median of five trials: ``digits``, as it stands in the paper, and the standard deviation."""

    quantity: str
    centred: bool
    power: int
    digits: str
    deviation: float

    @property
    def rounding(self) -> float:
        """Half a unit of its last digit; the paper gives four."""
        return 0.5 * 10.0 ** (math.floor(math.log10(float(self.digits))) - 3)


def published(dimension: int, width: int) -> list[Published]:
    """P2's entries for a dimension and a width."""
    with (STUDIES / "p2-published.csv").open() as file:
        return [
            Published(
                row["quantity"],
                row["data"] == "centred",
                int(row["scale_exponent_of_4"]),
                row["median_of_five"],
                float(row["standard_deviation"]),
            )
            for row in csv.DictReader(file)
            if (int(row["dimension"]), int(row["width"])) == (dimension, width)
        ]


def entry(paper: Published, table: Table, rng: np.random.Generator) -> tuple[str, bool] | None:
    """A row of the Markdown table, and whether the published median is inside the range of medians of five.

    None where fewer than five seeds were run.
    """
    cell = (table["data.centred"] == paper.centred) & (table["init.scale"] == 4.0**paper.power)
    values = table[QUANTITIES[paper.quantity]][cell]
    values = values[np.isfinite(values)]
    if values.size < TRIALS:
        return None
    low, high = np.percentile(np.median(rng.choice(values, (DRAWS, TRIALS)), axis=1), RANGE)
    inside = bool(
        low <= float(paper.digits) + paper.rounding and float(paper.digits) - paper.rounding <= high
    )
    data = "centred" if paper.centred else "uncentred"
    cells = [
        *(
            paper.quantity.replace("_", " "),
            data,
            f"4^{paper.power}",
            f"{paper.digits} ({paper.deviation:.4g})",
        ),
        *(f"{np.median(values):.5g}", f"{low:.5g} .. {high:.5g}", str(values.size)),
        "inside" if inside else "OUTSIDE",
    ]
    return "| " + " | ".join(cells) + " |", inside


def p2(name: str, table: Table) -> list[str]:
    """P2's medians beside our own."""
    values = load_preset(str(STUDIES / f"{name}.toml")).values
    dimension, width = int(values["data.dimension"]), int(values["network.width"])
    rng = np.random.default_rng(0)
    found = [each for paper in published(dimension, width) if (each := entry(paper, table, rng)) is not None]
    ended = zip(*np.unique(table["status"], return_counts=True), strict=True)
    inside = sum(is_inside for _, is_inside in found)
    return [
        f"# P2, n = d = {dimension}, m = {width}",
        "",
        f"{table['status'].size} runs ended: {', '.join(f'{status} {count}' for status, count in ended)}.",
        f"{inside} of {len(found)} published medians of five lie, to their last digit, in the range from",
        f"{RANGE[0]} to {RANGE[1]} % of medians of five of our own seeds ({DRAWS} bootstrap draws). All",
        "scales of a seed share data and start, so that entries along a column move together.",
        "",
        "| quantity | data | scale | published (deviation) | own median | medians of five | seeds | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(line for line, _ in found),
    ]


# --- P1: the five points ---


def p1(name: str, table: Table) -> list[str]:
    """How many starts fit, by method and scale."""
    lines = [
        "# P1, five points on a line: which starts fit",
        "",
        "| scale | method | runs | fits | losses at which the others end |",
        "| --- | --- | --- | --- | --- |",
    ]
    for scale in np.unique(table["init.scale"])[::-1]:
        for method in ("lorentz", "gd"):
            cell = (table["init.scale"] == scale) & (table["solver.method"] == method)
            fit = table["success"] & cell
            others = sorted({f"{loss:.4f}" for loss in table["loss"][cell & ~fit]})
            if np.any(cell):
                counts = f"{np.sum(cell)} | {np.sum(fit)}"
                lines.append(f"| {scale:g} | {method} | {counts} | {', '.join(others) or '-'} |")
    return lines


# --- orthogonal inputs: which starts fit ---


def ruled(name: str, table: Table) -> np.ndarray:
    """For every row whether each sample is seen by a neuron of its sign at the start."""
    preset = load_preset(str(STUDIES / f"{name}.toml"))
    keys = [key for key in table if "." in key]
    return np.array(
        [
            seen(preset.with_values(dict(zip(keys, map(_plain, values), strict=True))).problem()).all()
            for values in zip(*(table[key] for key in keys), strict=True)
        ]
    )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def success_map(name: str, table: Table) -> list[str]:
    table["rule"] = ruled(name, table)
    equal = int(np.sum(table["rule"] == table["success"]))
    lines = [
        "# Orthogonal inputs: which starts fit",
        "",
        f"{equal} of {table['rule'].size} runs end as the rule says: a fit if and only if every sample is",
        "seen at the start by a neuron of its target's sign. P(fit) is the mean over draws of the data of",
        "sum_k C(m, k) 2^-m (1 - 2^-k)^n+ (1 - 2^-(m - k))^n-.",
        "",
        "| width | runs | fits | share | P(fit) | as the rule says |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    chances = _chances(name, table)
    for width in np.unique(table["network.width"]):
        cell = table["network.width"] == width
        fits, count = int(np.sum(table["success"][cell])), int(np.sum(cell))
        same = int(np.sum((table["rule"] == table["success"])[cell]))
        lines.append(
            f"| {width} | {count} | {fits} | {fits / count:.2f} | {np.mean(chances[cell]):.4f} | {same} |"
        )
    return lines


def fits(name: str, table: Table) -> list[str]:
    table["rule"] = ruled(name, table)
    equal = int(np.sum(table["rule"] == table["success"]))
    chances, squares, cells = _chances(name, table), 0.0, 0
    lines = [
        "| samples | width | runs | fits | share | P(fit) |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for samples in np.unique(table["data.samples"]):
        for width in np.unique(table["network.width"]):
            cell = (table["network.width"] == width) & (table["data.samples"] == samples)
            count, fitted = int(np.sum(cell)), int(np.sum(table["success"][cell]))
            if count:
                chance = float(np.mean(chances[cell]))
                share = f"{fitted / count:.3f} | {chance:.4f}"
                lines.append(f"| {samples} | {width} | {count} | {fitted} | {share} |")
                squares += (fitted - count * chance) ** 2 / (count * chance * (1.0 - chance))
                cells += 1
    return [
        "# Orthogonal inputs: the probability of a fit",
        "",
        f"{equal} of {table['rule'].size} runs end as the rule says (see success-map.md).",
        f"Of the counts chi-square is {squares:.3g} in {cells} cells: p = {chdtrc(cells, squares):.2g}.",
        "",
        *lines,
    ]


def _chances(name: str, table: Table) -> np.ndarray:
    """P(fit) of a random start, for the width and the data of every row."""
    preset = load_preset(str(STUDIES / f"{name}.toml"))
    of_data = [key for key in table if key.startswith("data.")]
    signs: dict[tuple[Any, ...], tuple[int, int]] = {}
    found = []
    for width, *values in zip(table["network.width"], *(table[key] for key in of_data), strict=True):
        drawn = tuple(map(_plain, values))
        if drawn not in signs:
            targets = preset.with_values(dict(zip(of_data, drawn, strict=True))).data().targets
            signs[drawn] = int(np.sum(targets > 0.0)), int(np.sum(targets < 0.0))
        found.append(fit_probability(int(width), *signs[drawn]))
    return np.array(found)


#: What makes the Markdown of a study that is none of P2's.
MAKERS: Final[dict[str, Callable[[str, Table], list[str]]]] = {
    "p1-five-points": p1,
    "success-map": success_map,
    "fit-probability": fits,
    "sphere-map": sphere_map,
    "sphere-horizon": sphere_horizon,
    "sphere-descent": sphere_descent,
}


def main() -> int:
    """Make the tables of the studies that are named."""
    names = sorted(path.stem for path in STUDIES.glob("*.toml"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="NAME", choices=names, help=", ".join(names))
    parser.add_argument("--folder", type=Path, default=Path("sweeps"), help="where the sweeps' folders are")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--as-it-stands", action="store_true", help="tabulate what was run, and run nothing")
    asked = parser.parse_args()
    for name in asked.names:
        done = asked.as_it_stands
        table = rows_of(asked.folder / name) if done else swept(name, asked.folder, asked.jobs)
        make = MAKERS.get(name, p2)
        text = "\n".join(make(name, table)) + "\n"
        write_rows(name, table, ("rule", *QUANTITIES.values()))
        (TABLES / f"{name}.md").write_text(text)
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
