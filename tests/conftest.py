"""Fixtures for all tests. BLAS gets one thread: the arrays are small and the machines are shared."""

import os
import sys
from pathlib import Path

from hypothesis import settings

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")
