"""How a sweep goes, and what came of it, in words and as JSON."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reluflow.cli.output import emit
from reluflow.cli.progress import SHOW_EVERY, StatusLine, barred

if TYPE_CHECKING:
    from reluflow.sweep.running import Numbers, SweepRun, Tally
    from reluflow.sweep.study import Study


class SweepProgress:
    """Shows how far a sweep is; nothing at all when ``quiet``."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._line = StatusLine()
        self._began = self._shown = time.monotonic()
        self._first: int | None = None

    def show(self, tally: "Tally") -> None:
        """Say how far it is, if it is time to."""
        now = time.monotonic()
        if self._first is None:
            self._first = tally.rows
        if self._quiet or (now - self._shown < SHOW_EVERY and tally.rows < tally.points):
            return
        self._shown = now
        rate = (tally.rows - self._first) / max(now - self._began, 1e-9)
        self._line.show(lambda width: barred(tally.rows / tally.points, _words(tally, rate), width))

    def close(self) -> None:
        """Leave the line as it is and go on below it."""
        self._line.close()


def _words(tally: "Tally", rate: float) -> str:
    failed = tally.statuses.get("failed", 0)
    left = f"  {_span((tally.points - tally.rows) / rate)} left" if rate > 0.0 else ""
    return f"{tally.rows} of {tally.points}  {rate:.3g} runs/s{f'  {failed} failed' if failed else ''}{left}"


def _span(seconds: float) -> str:
    """A time in one unit: 12 s, 5 min, 3.2 h, 4.1 days."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def tell(run: "SweepRun", solved: int, seconds: float, as_json: bool) -> None:
    """Say on stdout what came of a sweep, of which so many runs were ``solved`` just now."""
    from reluflow.store.json_text import to_json

    tally = run.tally
    told: Mapping[str, Any] = {
        "sweep": run.folder,
        "points": tally.points,
        "rows": tally.rows,
        "missing": tally.points - tally.rows,
        "solved": solved,
        "statuses": dict(sorted(tally.statuses.items())),
        "successes": tally.successes,
        "wall_seconds": seconds,
    }
    if as_json:
        emit(to_json(told))
        return
    lines = [
        f"{run.folder}: {tally.rows} of {tally.points} runs, {solved} of them solved in {_span(seconds)}"
    ]
    lines += [f"  {status:<12}{count:>8}" for status, count in told["statuses"].items()]
    lines += [f"  {'success':<12}{tally.successes:>8}"]
    emit("".join(f"{line}\n" for line in lines))


def tell_estimate(study: "Study", todo: "Numbers", rows: int, jobs: int, as_json: bool) -> None:
    """Say on stdout how long the points to solve would take, and how much they would write.

    ``rows``: how many there are already.
    """
    from reluflow.store.json_text import to_json
    from reluflow.sweep.estimating import estimate

    found = estimate(study, todo)
    told = {
        "runs": found.runs,
        "rows": rows,
        "jobs": jobs,
        "sampled": found.sampled,
        "seconds_per_run": found.seconds_per_run,
        "seconds": found.seconds(jobs),
        "bytes": found.runs * found.bytes_per_run,
        "at_least": found.is_least,
    }
    if as_json:
        emit(to_json(told))
        return
    over = f"{found.runs} runs over {', '.join(study.grid.keys)}"
    over += f"; {rows} of {study.grid.size} have a row" if rows else ""
    if not found.runs:
        emit(f"{over}\n")
        return
    least = "more than " if found.is_least else "about "
    emit(
        f"{over}\n"
        f"  {least}{found.seconds_per_run:.3g} s each, by {found.sampled} of them\n"
        f"  {least}{_span(told['seconds'])} on {jobs} process(es)\n"
        f"  about {told['bytes'] / 1e6:.3g} MB of rows\n"
    )
