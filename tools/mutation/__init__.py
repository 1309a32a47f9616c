"""Parts of ``tools/mutants.py``: broken lines, the tests that cover them, and what became of each."""
