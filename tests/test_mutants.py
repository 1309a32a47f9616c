"""The tool that breaks lines finds what no test notices, and breaks nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent.parent / "tools"
sys.path.insert(0, str(TOOLS))

from mutation.coverage_map import CoverageMap  # noqa: E402
from mutation.rows import equivalents  # noqa: E402
from mutation.sites import mutants  # noqa: E402
from mutation.trial import likeliest_first  # noqa: E402

ROOT = TOOLS.parent
MODULE = '''"""Text of a module 1."""

LIMIT: int = 3


def larger(a: float, b: float = 0.0) -> float:
    """Text of a function 2."""
    assert a == a
    if a < b:
        raise ValueError(f"{a + 1} is less", 5)
    return a - b


def halved(count):
    while count > LIMIT:
        count -= 1
    return count


def label():
    return "x" + str(2)
'''
TESTS = """
from toy.parts import halved, label, larger


def test_larger():
    assert larger(2.0, 1.0) == 1.0


def test_halved():
    assert halved(5) == 3


def test_label():
    assert label()


def test_that_fails_anyway():
    assert halved(5) == 4
"""
KNOWN = """
[[equivalent]]
scope = "halved"
before = "while count > LIMIT:"
after = "while (count >= LIMIT):"
reason = "a reason of its own"
"""


def toy(folder: Path) -> Path:
    for name, text in {
        "toy/__init__.py": "",
        "toy/parts.py": MODULE,
        "tests/test_parts.py": TESTS,
        "tools/equivalent.toml": KNOWN,
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_lines_that_are_listed_as_equivalent_are_in_the_package():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "reluflow").rglob("*.py")]
    lines = " ".join(" ".join(source.split()) for source in sources)
    known = equivalents(TOOLS / "equivalent.toml")
    assert [one.before for one in known if " ".join(one.before.split()) not in lines] == []
    assert len(known) > 20


def test_what_is_broken(tmp_path):
    path = toy(tmp_path) / "toy" / "parts.py"
    found = mutants(path, "toy/parts.py")
    for one in found:
        compile(one.applied(path.read_bytes()), one.file, "exec")
    assert [(one.line, one.kind, one.after) for one in found] == [
        (3, "constant", "LIMIT: int = 4"),
        (6, "constant", "def larger(a: float, b: float = 1.0) -> float:"),
        (9, "boundary", "if (a <= b):"),
        (9, "comparison", "if (a >= b):"),
        (9, "condition", "if (not (a < b)):"),
        (10, "statement", "pass"),
        (11, "operator", "return (a + b)"),
        (11, "returned value", "return (a - b) + 1.0"),
        (15, "boundary", "while (count >= LIMIT):"),
        (15, "comparison", "while (count <= LIMIT):"),
        (15, "condition", "while (not (count > LIMIT)):"),
        (16, "operator", "count += 1"),
        (16, "statement", "pass"),
        (16, "constant", "count -= 2"),
        (21, "constant", 'return "x" + str(3)'),
    ]
    assert [one.scope for one in found if one.line in (3, 6, 16)] == [
        "",
        "larger",
        "halved",
        "halved",
        "halved",
    ]


def test_what_runs_at_import_alone_is_covered_by_the_tests_nearby(tmp_path):
    """They run lines of its module, or of one that imports from it."""
    found = mutants(toy(tmp_path) / "toy" / "parts.py", "toy/parts.py")
    limit, dropped = found[0], next(one for one in found if one.line == 16 and one.kind == "statement")
    tests = {"toy/parts.py": {11: {"a"}, 16: {"b"}}, "toy/other.py": {4: {"c"}}}
    covered = CoverageMap(tests, {}, {}, {"toy/parts.py": {"toy/other.py"}})
    assert covered.covering(limit) == {"a", "b", "c"}
    assert covered.covering(dropped) == {"b"}
    del tests["toy/parts.py"][16]
    assert covered.covering(dropped) == set()
    covered.imported["toy/parts.py"] = {16}
    assert covered.covering(dropped) == {"a", "c"}


def test_tests_of_the_module_and_quick_ones_come_first():
    """One that runs little beside the module is worth more seconds than one that runs the whole package."""
    tests = {"toy/parts.py": {11: {"own", "all"}, 16: {"own", "all", "long"}}, "toy/other.py": {}}
    tests["toy/other.py"] = {line: {"all", "other"} for line in range(8)}
    covered = CoverageMap(tests, {"own": 0.3, "all": 0.1, "long": 9.0, "other": 0.1}, {}, {})
    shares = covered.shares("toy/parts.py")
    assert shares == {"own": 1.0, "all": 0.2, "long": 1.0}
    ordered = likeliest_first({"own", "all", "long", "other"}, covered.seconds, shares)
    assert ordered == ["own", "all", "long", "other"]


@pytest.mark.slow
def test_survivors_are_listed_and_the_run_is_resumed(tmp_path):
    """One line is noticed, one never ends, one survives, one is known; what fails anyway notices nothing."""
    root = toy(tmp_path)
    command = [sys.executable, str(TOOLS / "mutants.py"), "--root", str(root), "--package", "toy"]

    def run():
        words = ["--limit", "1", "--seed", "601", "--number", "4"]
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 1, done.stderr
        rows = [json.loads(line) for line in (root / ".mutants" / "rows.jsonl").read_text().splitlines()]
        return done.stdout, rows

    said, rows = run()
    assert {(row["before"], row["after"]): (row["verdict"], row["test"]) for row in rows} == {
        ('return "x" + str(2)', 'return "x" + str(3)'): ("survived", ""),
        ("count -= 1", "pass"): ("hung", "tests/test_parts.py::test_halved"),
        ("while count > LIMIT:", "while (count >= LIMIT):"): ("equivalent", ""),
        ("return a - b", "return (a - b) + 1.0"): ("noticed", "tests/test_parts.py::test_larger"),
    }
    survivor, equivalent = said.index("toy/parts.py:21"), said.index("toy/parts.py:15")
    assert said.index("No test noticed:") < survivor < said.index("Equivalent:") < equivalent
    assert "a reason of its own" in said
    assert "4 broken, 1 of them equivalent; noticed 2 of 3 (66.7 %), 1 by a test that did not end" in said
    assert (root / "toy" / "parts.py").read_text() == MODULE
    assert run() == (said, rows)
