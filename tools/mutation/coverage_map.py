"""Which tests run which line, and how long each test takes: measured once, kept until the code changes."""

import ast
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coverage import CoverageData

from mutation.pytest_runs import private_copy, run_pytest
from mutation.sites import Mutant

SETTINGS = "[run]\nrelative_files = true\n"
FILES_AT_A_TIME = 10


@dataclass(frozen=True)
class CoverageMap:
    """``tests``: of each file, by line; ``seconds``: of each test that passes on the unbroken code.

    ``imported``: the lines of each file that run when it is imported, outside of all tests; ``importers``:
    the files that import from each.
    """

    tests: dict[str, dict[int, set[str]]]
    seconds: dict[str, float]
    imported: dict[str, set[int]]
    importers: dict[str, set[str]]

    def covering(self, mutant: Mutant) -> set[str]:
        """The tests that run the statement; of one that runs at import alone, all that run a line nearby.

        Nearby is the module and those that import from it.
        """
        lines = range(mutant.lines[0], mutant.lines[1] + 1)
        if not mutant.at_import:
            by_line = self.tests.get(mutant.file, {})
            tests = {test for line in lines for test in by_line.get(line, ())}
            if tests or self.imported.get(mutant.file, set()).isdisjoint(lines):
                return tests
        files = {mutant.file} | self.importers.get(mutant.file, set())
        return {test for file in files for tests in self.tests.get(file, {}).values() for test in tests}

    def shares(self, file: str) -> dict[str, float]:
        """Of the lines that each test runs, the share that is in a file: a test of a part has a large one."""
        here = Counter(test for tests in self.tests.get(file, {}).values() for test in tests)
        return {test: count / self._lines[test] for test, count in here.items()}

    @cached_property
    def _lines(self) -> Counter[str]:
        """How many lines each test runs."""
        every = (tests for by_line in self.tests.values() for tests in by_line.values())
        return Counter(test for tests in every for test in tests)


def coverage_map(
    root: Path, package: str, store: Path, slow: bool, processes: int = 2, say=print
) -> CoverageMap:
    """The stored map, after the tests that are new to it have run.

    All run if the package, or what the tests share, has changed; else those of the test files that have.
    A few files at a time are measured and stored, so that a measurement that was ended goes on from there.
    """
    folder = store / ("all" if slow else "quick")
    folder.mkdir(parents=True, exist_ok=True)
    kept, data = folder / "map.json", folder / "coverage"
    known = json.loads(kept.read_text()) if kept.exists() and data.exists() else {}
    code, files = _code(root, package), _test_files(root)
    if known.get("code") != code:
        known = {"code": code, "files": {}, "seconds": {}, "failed": []}
        data.unlink(missing_ok=True)
    changed = [file for file, state in files.items() if known["files"].get(file) != state]
    for begin in range(0, len(changed), FILES_AT_A_TIME):
        say(f"measuring which lines the tests of {len(changed) - begin} files cover")
        some = changed[begin : begin + FILES_AT_A_TIME]
        _measure(root, package, folder, known, some, slow, processes)
        known["files"] |= {file: files[file] for file in some}
        kept.write_text(json.dumps(known))
    seconds = {test: time for test, time in known["seconds"].items() if test.partition("::")[0] in files}
    for test in known["failed"]:
        say(f"left out, for it fails on the unbroken code: {test}")
        seconds.pop(test, None)
    covered = CoverageData(str(data))
    covered.read()
    contexts = {file: covered.contexts_by_lineno(file) for file in covered.measured_files()}
    imported = {
        file: {line for line, where in lines.items() if "" in where} for file, lines in contexts.items()
    }
    return CoverageMap(_tests_by_line(contexts, seconds), seconds, imported, _importers(root, package))


def _measure(
    root: Path, package: str, folder: Path, known: dict, changed: list[str], slow: bool, processes: int
) -> None:
    """Run test files under coverage; their figures replace those in ``known``."""
    settings = folder / "settings"
    settings.write_text(SETTINGS)
    words = [f"--cov={package}", "--cov-context=test", "--cov-report=", f"--cov-config={settings}"]
    words += ["--cov-append", "-n", str(processes), *(["-m", ""] if slow else []), *changed]
    with private_copy(root) as copy:
        told = sys.stderr.fileno()
        happened = run_pytest(copy, words, variables={"COVERAGE_FILE": str(folder / "coverage")}, output=told)
    if happened.code not in (0, 1, 5):
        raise SystemExit(f"mutants: pytest ended with code {happened.code} on the unbroken code")
    known["failed"] = [one for one in known["failed"] if one.partition("::")[0] not in changed]
    known["failed"] += happened.failed
    known["seconds"] |= happened.seconds


def _tests_by_line(
    contexts: dict[str, dict[int, list[str]]], seconds: dict[str, float]
) -> dict[str, dict[int, set[str]]]:
    """From coverage's contexts, which are tests with a phase, as in ``tests/test_x.py::test_y|run``."""
    return {
        file: {
            line: {test for one in where if (test := one.rpartition("|")[0]) in seconds}
            for line, where in lines.items()
        }
        for file, lines in contexts.items()
    }


def _importers(root: Path, package: str) -> dict[str, set[str]]:
    """The files that import from each file of the package."""
    paths = sorted((root / package).rglob("*.py"))
    names = {_module(path.relative_to(root)): path.relative_to(root).as_posix() for path in paths}
    found: dict[str, set[str]] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_bytes())):
            asked: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module:
                asked = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            elif isinstance(node, ast.Import):
                asked = [one.name for one in node.names]
            for module in asked:
                if module in names:
                    found.setdefault(names[module], set()).add(path.relative_to(root).as_posix())
    return found


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _test_files(root: Path) -> dict[str, str]:
    """Test files and a hash of each."""
    paths = sorted((root / "tests").rglob("test_*.py"))
    return {path.relative_to(root).as_posix(): _hash([path], root) for path in paths}


def _code(root: Path, package: str) -> str:
    """A hash of all that any test may depend on: the package and what the tests share."""
    shared = [
        path for path in (root / "tests").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    shared = [path for path in shared if not (path.name.startswith("test_") and path.suffix == ".py")]
    return _hash(sorted([*(root / package).rglob("*.py"), *shared]), root)


def _hash(paths: Iterable[Path], root: Path) -> str:
    """Of the names below ``root`` and the contents."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()
