"""A pytest plugin: runs the tests that a file lists, each within its time limit, and writes what happened.

``MUTANTS_TESTS`` names a JSON file {test id: seconds allowed}; without it all tests run, without a limit.
``MUTANTS_RESULT`` names the file that gets {"seconds": {test id: seconds}, "failed": [ids], "hung": [ids]}.
"""

import json
import os
import resource
import signal
from collections import defaultdict
from pathlib import Path

import pytest

#: Bytes of address space that a test may take: a broken line may ask for any amount.
MEMORY = 8 * 2**30
#: Seconds for what is not a test, such as imports.
OUTSIDE_TESTS = 120.0
#: Seconds between the exception that ends a test and the signal that ends the process.
GRACE = 10.0
TIME_IS_OVER = "the time limit of a test on a broken line is over"


def pytest_configure(config: pytest.Config) -> None:
    if "MUTANTS_TESTS" in os.environ:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        config.pluginmanager.register(Chosen(json.loads(Path(os.environ["MUTANTS_TESTS"]).read_text())))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Result(Path(os.environ["MUTANTS_RESULT"])))


class Result:
    """What happened, written at each failure and at the end: the process may be killed in between."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seconds: dict[str, float] = defaultdict(float)
        self._failed: list[str] = []
        self._hung: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if report.failed:
            self._failed.append(report.nodeid)
            if TIME_IS_OVER in str(report.longrepr):
                self._hung.append(report.nodeid)
            self._write()

    def pytest_sessionfinish(self) -> None:
        self._write()

    def _write(self) -> None:
        happened = {"seconds": self._seconds, "failed": self._failed, "hung": self._hung}
        self._file.write_text(json.dumps(happened))


class Chosen:
    """Only the tests listed, in their order; each is ended when its time is over."""

    def __init__(self, limits: dict[str, float]) -> None:
        self._limits = limits
        self._outside()

    def _outside(self) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, OUTSIDE_TESTS)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        place = {test: number for number, test in enumerate(self._limits)}
        left_out = [item for item in items if item.nodeid not in place]
        items[:] = sorted((item for item in items if item.nodeid in place), key=lambda one: place[one.nodeid])
        config.hook.pytest_deselected(items=left_out)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item):
        signal.signal(signal.SIGALRM, _end)
        signal.setitimer(signal.ITIMER_REAL, self._limits[item.nodeid])
        try:
            return (yield)
        finally:
            self._outside()


def _end(number: int, frame: object) -> None:
    """Fail the test, so that its fixtures tidy up; whatever hangs on even so is killed."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, GRACE)
    pytest.fail(TIME_IS_OVER, pytrace=False)
