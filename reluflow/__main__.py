"""``python -m reluflow``: the command line."""

from reluflow.cli import main

if __name__ == "__main__":
    main()
