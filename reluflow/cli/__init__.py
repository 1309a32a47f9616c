"""The command line: stdout is data, stderr is narration, exit codes are those of ``errors.ExitCode``.

One file a command. Nothing heavy is imported before a command runs: ``--help`` and completion are quick.
Nothing at all is imported before signals are seen to: until then Ctrl-C is a traceback of Python's.
"""


def main() -> None:
    """Run the command that was entered; ends with SystemExit."""
    try:
        from reluflow.cli.leaving import leave_at_once

        leave_at_once()
        from reluflow.cli.start import start

        start()
    except KeyboardInterrupt:  # in the first moment
        raise SystemExit(130) from None


def process() -> None:
    """Entry point of ``reluflow`` and of ``python -m reluflow``: the command, and the end of its process."""
    try:
        main()
    except SystemExit as end:
        from reluflow.cli.leaving import leave_quickly

        leave_quickly(end.code)
        raise
