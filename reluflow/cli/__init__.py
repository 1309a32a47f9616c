"""The command line: stdout is data, stderr is narration, exit codes are those of ``errors.ExitCode``.

One file a command. Nothing heavy is imported before a command runs: ``--help`` and completion are quick.
"""

import os
import sys

from reluflow.errors import ExitCode

#: The matrices are small and the machines shared: one thread is as fast, and leaves the rest to others.
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Entry point of ``reluflow`` and of ``python -m reluflow``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a title that a terminal cannot show is no reason to stop
            stream.reconfigure(errors="replace")
    for name in _THREADS:  # read when NumPy is imported; what the user has set stands
        os.environ.setdefault(name, "1")
    try:
        from reluflow.cli.app import app

        if os.environ.get("_RELUFLOW_COMPLETE") == "complete_bash" and "COMP_CWORD" in os.environ:
            from reluflow.cli.completion import answer_bash

            answer_bash(lambda: app(prog_name="reluflow"))
        else:
            app(prog_name="reluflow")
    except KeyboardInterrupt:  # before a command could see to it
        sys.exit(ExitCode.INTERRUPTED)
