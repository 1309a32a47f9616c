"""Runs the example in the docstring of a public name."""

import doctest

import reluflow


def failures(name: str) -> str:
    """What the examples of a name told that they should not have; there is one at least."""
    finder = doctest.DocTestFinder(recurse=False)
    (found,) = finder.find(getattr(reluflow, name), name, globs={"reluflow": reluflow})
    assert found.examples
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    failed = runner.run(found, out=told.append).failed
    return "".join(told) or f"{failed} failed" if failed else ""
