"""Long rows go on below, at blanks, with nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluflow.plot.cells import Segment, listed, plain, wrap

WORDS = st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=30)


@given(WORDS, st.integers(12, 60))
def test_nothing_is_lost_and_no_word_is_broken(words: list[str], width: int) -> None:
    row = [Segment(" ".join(words[:3]), "dim"), *(Segment(f" {word}", "text") for word in words[3:])]
    rows = wrap(row, width, 2)
    assert all(len(plain(each)) <= width for each in rows)
    assert [word for each in rows for word in plain(each).split()] == words
    assert all(plain(each).startswith("  ") for each in rows[1:])


def test_a_word_longer_than_the_line_is_cut_into_pieces() -> None:
    rows = wrap([Segment("x" * 50, "text")], 20, 2)
    assert "".join(plain(each).strip() for each in rows) == "x" * 50


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (40, " behind: a width 60   b the same"),
        (31, " behind: a width 60   +1"),
        (20, " behind: a wid…   +1"),
    ],
)
def test_what_does_not_fit_in_a_list_is_counted(width: int, text: str) -> None:
    entries = [[Segment("a ", "frozen"), Segment("width 60", "dim")], [Segment("b the same", "dim")]]
    row = listed([Segment(" behind: ", "dim")], entries, width, "…")
    assert plain(row) == text
    assert len(text) <= width
