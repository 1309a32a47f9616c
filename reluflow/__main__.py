"""``python -m reluflow``: the command line."""

from reluflow.cli import process

if __name__ == "__main__":
    process()
