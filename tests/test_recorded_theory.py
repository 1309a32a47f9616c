"""All that the theory says of tiny runs and problems is as recorded, to nine digits or so.

What is meant to change is recorded anew, and the difference is read: see ``recorded_theory``.
"""

import pytest
from recorded_theory import CASES, closeness
from recording import differences, entries, load

#: lines of a difference that are shown
MOST = 40


@pytest.mark.parametrize("name", CASES)
def test_the_theory_says_what_is_recorded(name):
    found = list(differences(load("theory")[name], entries(CASES[name]()), name, closeness(name)))
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:MOST])


def test_no_case_is_lost():
    assert load("theory").keys() == CASES.keys()


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (1.0, 1.0 + 1e-10, True),
        (1.0, 1.0 + 1e-8, False),
        (1e-16, -1e-16, True),
        (1.0, 1, False),
        ([1e-10, 1.0], [1.1e-10, 1.0], True),
        ([1e-10, 1.0], [1e-10], False),
        ({"a": [True, None, "x"]}, {"a": [True, None, "x"]}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ("at t = 1e-16, 3.5 on", "at t = 2e-16, 3.5 on", True),
        ("at t = 3.5", "at t = 3.6", False),
        ("at t = 3.5", "to t = 3.5", False),
        (float("nan"), float("nan"), True),
        (float("inf"), 1.0, False),
    ],
)
def test_differences_are_told_from_rounding(old, new, same):
    assert same == (not list(differences(old, new)))
