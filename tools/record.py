"""A record of what all presets give, and whether they still do.

    python tools/record.py make [NAME...]       run the cases and write what they give into the record
    python tools/record.py compare [NAME...]    run them and say, case by case, what is not as recorded

``compare`` ends with 1 if a bit differs; with ``--close`` only if events differ in kind or order, or a number
by more than 1e-9 of its size. ``make`` lists the same differences before it replaces what was recorded.

tools/record.json holds plain numbers and digests, tools/record.npz the times, losses and events by which
digests that differ are judged.
"""

import argparse
import json
import multiprocessing
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from record_cases import Measured, all_cases, measure
from record_differences import Difference, differences

HERE: Final = Path(__file__).resolve().parent
#: longer descriptions of a difference are cut
WIDEST: Final = 200


@dataclass
class Record:
    """Measurements by the name of their case, and what they were made with."""

    made: dict[str, Any] = field(default_factory=dict)
    cases: dict[str, Measured] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path = HERE) -> "Record":
        """The record in a folder. Raises FileNotFoundError if there is none."""
        content = json.loads((folder / "record.json").read_text(encoding="utf-8"))
        with np.load(folder / "record.npz", allow_pickle=False) as file:
            kept = {name: file[name] for name in file.files}
        cases = {}
        for name, entries in content["cases"].items():
            of_it = {key.partition("/")[2]: kept[key] for key in kept if key.startswith(f"{name}/")}
            cases[name] = Measured(name, entries, {key: _joined(array) for key, array in of_it.items()})
        return cls(content["made"], cases)

    def save(self, folder: Path = HERE) -> None:
        """Write both files, each under a temporary name first."""
        arrays = {
            f"{name}/{key}": _split(array)
            for name, case in sorted(self.cases.items())
            for key, array in sorted(case.arrays.items())
        }
        begun = {name: folder / f"{name}.begun" for name in ("record.npz", "record.json")}
        with begun["record.npz"].open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        begun["record.json"].write_text(as_text(self.made, self.cases), encoding="utf-8")
        for name, path in begun.items():
            path.replace(folder / name)


def as_text(made: dict[str, Any], cases: dict[str, Measured]) -> str:
    """JSON with a line for every entry of every case, and for what they were made with."""
    parts = [
        f"{json.dumps(name)}: {{\n" + ",\n".join(_lines(case.entries)) + "\n}"
        for name, case in sorted(cases.items())
    ]
    header = ",\n".join(_lines(made))
    return f'{{\n"made": {{\n{header}\n}},\n"cases": {{\n' + ",\n".join(parts) + "\n}\n}\n"


def _lines(entries: dict[str, Any]) -> Iterator[str]:
    for key, value in sorted(entries.items()):
        yield f"  {json.dumps(key)}: {json.dumps(value, sort_keys=True)}"


def _split(array: np.ndarray) -> np.ndarray:
    """The bytes of every number, all first ones together and so on: so they are compressed best."""
    planes = np.ascontiguousarray(array).view(np.uint8).reshape(*array.shape, array.dtype.itemsize)
    return np.ascontiguousarray(np.moveaxis(planes, -1, 0))


def _joined(planes: np.ndarray) -> np.ndarray:
    """What ``_split`` was given: numbers of 8 bytes are floats, those of 4 are integers."""
    whole = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
    return whole.view(np.float64 if planes.shape[0] == 8 else np.int32)[..., 0]


def environment() -> dict[str, str]:
    """What the last bits of a result depend on beside the code."""
    import scipy
    from threadpoolctl import threadpool_info

    blas = sorted({f"{each['internal_api']} {each.get('architecture')}" for each in threadpool_info()})
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "machine": platform.machine(),
        "blas": ", ".join(blas),
    }


def measurements(names: Iterable[str], jobs: int) -> Iterator[Measured]:
    """Run cases in their order, so many at a time, in other processes than this one."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # read by the processes that are started
    cases = all_cases()
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=fresh) as pool:
        yield from pool.map(measure, [cases[name] for name in names])


def compare(record: Record, measured: Iterable[Measured], close: bool = False) -> int:
    """Print what is not as recorded; the exit code: 1 if a bit differs, or with ``close`` if more does."""
    bits = beyond = count = 0
    for new in measured:
        count += 1
        old = record.cases.get(new.name)
        found = (
            [Difference("all of it", False, "is not in the record")] if old is None else differences(old, new)
        )
        _tell(new.name, found)
        bits += bool(found)
        beyond += any(each.close is False for each in found)
    print(f"{count} cases: {count - bits} the same bit for bit, {bits - beyond} close, {beyond} different")
    return int(beyond > 0 if close else bits > 0)


def _tell(name: str, found: list[Difference]) -> None:
    verdict = "different" if any(each.close is False for each in found) else "close" if found else "same"
    print(f"{name:<32} {verdict}", flush=True)
    marks = {True: "close", False: "DIFFERS", None: "-"}
    for each in found:
        words = each.words if len(each.words) <= WIDEST else f"{each.words[:WIDEST]} ..."
        print(f"    {marks[each.close]:<8} {each.name}: {words}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("command", choices=("make", "compare"))
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases to confine to; default all")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="cases at a time")
    parser.add_argument("--close", action="store_true", help="compare: let numbers differ by 1e-9")
    given = parser.parse_intermixed_args(arguments)
    known = all_cases()
    for name in given.names:
        if name not in known:
            parser.error(f"there is no case {name}; expected some of {', '.join(known)}")
    if given.close and given.command == "make":
        parser.error("--close is for compare; make always records what it finds")
    if given.jobs < 1:
        parser.error(f"--jobs is {given.jobs}; expected a number of at least 1")
    names = given.names or list(known)
    try:
        record = Record.load()
    except FileNotFoundError:
        if given.command == "compare":
            parser.error("there is no record yet; make one first")
        record = Record()
    if record.made and record.made != environment():
        print(f"recorded with {_words(record.made)}; this is {_words(environment())}: last bits may differ")
    if given.command == "make":
        return _make(record, names, given.jobs, whole=not given.names)
    gone = [] if given.names else sorted(record.cases.keys() - known.keys())
    for name in gone:
        _tell(name, [Difference("all of it", False, "is recorded, and there is no such case any more")])
    return max(compare(record, measurements(names, given.jobs), given.close), int(bool(gone)))


def _words(made: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in made.items())


def _make(record: Record, names: list[str], jobs: int, whole: bool) -> int:
    measured = []

    def kept() -> Iterator[Measured]:
        for each in measurements(names, jobs):
            measured.append(each)
            yield each

    compare(record, kept())
    cases = ({} if whole else record.cases) | {each.name: each for each in measured}
    Record(environment(), cases).save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
