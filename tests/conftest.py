"""Fixtures for all tests. BLAS gets one thread: the arrays are small and the machines are shared."""

import os
import signal
import sys
from pathlib import Path

from hypothesis import settings

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parent))

# nohup, and a shell that starts something in the background, have signals ignored, which commands inherit
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGTERM", "SIGHUP"):
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, name), signal.SIG_DFL)

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")
