"""What the rows of the study sphere-map say: which share of runs fits, over samples and dimension.

Dana, Bach, Pillaud-Vivien 2025 (arXiv 2502.16977) draw this map for their descent with a finite horizon. Here
a run counts if it has fitted or come to rest; others are undecided and left out.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

#: Samples at which half of the runs of the paper fit, by dimension.
PUBLISHED: Final = {10: 32, 20: 80, 30: 164, 40: 260}


def sphere_map(name: str, table: Mapping[str, Any]) -> list[str]:
    """The map in Markdown, and the numbers of samples at which half of the runs fit."""
    dimensions, samples = np.unique(table["data.dimension"]), np.unique(table["data.samples"])
    decided = np.isin(table["status"], ["converged", "stationary"])
    lines = [
        f"| dimension | {' | '.join(map(str, samples))} | half at | paper |",
        "|---" * (len(samples) + 3) + "|",
    ]
    for dimension in dimensions:
        cells, shares = [], []
        for count in samples:
            cell = decided & (table["data.dimension"] == dimension) & (table["data.samples"] == count)
            runs, fits = int(np.sum(cell)), int(np.sum(table["success"][cell]))
            cells.append(f"{fits} of {runs}" if runs else "-")
            shares.append(fits / runs if runs else np.nan)
        half = half_at(samples, np.array(shares))
        paper = PUBLISHED.get(int(dimension), "-")
        lines.append(f"| {dimension} | {' | '.join(cells)} | {half} | {paper} |")
    left = int(np.sum(~decided))
    return [
        "# Inputs in uniform directions: which runs fit, over samples",
        "",
        f"{decided.size} runs; {left} of them neither fit nor came to rest within their limit.",
        "",
        *lines,
    ]


def half_at(samples: np.ndarray, shares: np.ndarray) -> str:
    """Where the share of fits crosses a half, linear between numbers of samples; "-" where it does not."""
    known = np.isfinite(shares)
    x, y = samples[known], shares[known]
    falls = np.flatnonzero((y[:-1] >= 0.5) & (y[1:] < 0.5))
    if not falls.size:
        return "-"
    i = int(falls[0])
    return f"{x[i] + (x[i + 1] - x[i]) * (y[i] - 0.5) / (y[i] - y[i + 1]):.0f}"
