"""Runs that are killed at any instant go on to the very same end, and nothing is left over.

RELUFLOW_KILLS sets how many runs of each method are killed and resumed. Seeds are printed; see ``killing``.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killing.py")

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork and pidfd")


def faults(method, number):
    done = subprocess.run([sys.executable, SCRIPT, method, "0", str(number)], capture_output=True, text=True)
    print(done.stdout, done.stderr)
    return done.returncode


@pytest.mark.parametrize("method", ["gd", "lorentz"])
def test_a_few_kills(method):
    assert faults(method, 1) == 0


@pytest.mark.slow
@pytest.mark.parametrize("method", ["gd", "lorentz"])
def test_many_kills(method):
    assert faults(method, int(os.environ.get("RELUFLOW_KILLS", "25"))) == 0
