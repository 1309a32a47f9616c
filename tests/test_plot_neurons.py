"""The compass of directions and the lines of the neuron table."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import pieces

from reluflow.errors import ReluflowError
from reluflow.observe.neurons import NeuronTable
from reluflow.observe.roster import Sorting
from reluflow.plot.cells import Row, plain
from reluflow.plot.directions import compass, compass_rows
from reluflow.plot.glyphs import ASCII, BLOCK, BRAILLE, choose
from reluflow.plot.settings import DIRECTIONS
from reluflow.plot.table import Layout, Line, active_text, growth_text, header_row, neuron_row, norm_text

any_float = st.floats(allow_nan=True, allow_infinity=True, width=64)


@settings(max_examples=60)
@given(
    data=st.data(),
    m=st.integers(1, 12),
    p=st.integers(1, 4),
    n=st.integers(1, 4),
    width=st.integers(0, 40),
    height=st.integers(0, 16),
    glyphs=st.sampled_from([BRAILLE, BLOCK, ASCII]),
)
def test_any_neurons_fit_the_panel(data, m, p, n, width, height, glyphs) -> None:  # type: ignore[no-untyped-def]
    def draw(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        return np.array(data.draw(st.lists(any_float, min_size=size, max_size=size))).reshape(shape)

    picture = compass(draw(m, p), draw(m), draw(n, p), cursor=0)
    rows = compass_rows(picture, (width, height), glyphs, cursor=0)
    assert len(rows) == height
    assert {len(plain(row)) for row in rows} <= {width}


def test_a_neuron_stands_at_its_angle_and_its_sign_has_its_own_mark() -> None:
    weights = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    picture = compass(weights, np.array([1.0, -1.0, 1.0, 0.0]), np.array([[0.0, -1.0]]))
    rows = compass_rows(picture, (41, 21), BRAILLE)
    positive, negative = pieces(rows, "positive"), pieces(rows, "negative")
    assert {text for *_, text in positive} == {"●"}
    assert [text for *_, text in negative] == ["○"]
    assert max(positive)[:2] > (30, 9)
    assert max(positive)[1] == 10
    assert negative[0][0] < 10
    assert negative[0][1] == 10
    assert min(y for _, y, _ in positive) < 5
    assert pieces(rows, "still")


def test_radius_grows_with_the_logarithm_of_the_norm() -> None:
    weights = np.array([[1e-6, 0.0], [1e-3, 0.0], [1.0, 0.0]])
    picture = compass(weights, np.ones(3), np.eye(2))
    inner, middle, outer = picture.places[:, 0]
    assert outer == pytest.approx(1.0)
    assert middle - inner == pytest.approx(outer - middle)


def test_norms_below_the_smallest_float_are_told_apart_from_zero() -> None:
    picture = compass(np.array([[3e-322, 4e-322], [3.0, 4.0]]), np.ones(2), np.eye(2))
    assert picture.radius == (-322.0, 1.0)
    assert np.allclose(picture.places[1] / np.linalg.norm(picture.places[1]), [0.6, 0.8])


def test_more_coordinates_are_projected_without_centring_onto_the_fullest_plane() -> None:
    rng = np.random.default_rng(0)
    plane = np.linalg.qr(rng.normal(size=(6, 2)))[0]
    weights = (rng.normal(size=(50, 2)) + 3.0) @ plane.T
    picture = compass(weights, np.ones(50), np.eye(6))
    assert picture.plane.share == pytest.approx(1.0)
    lengths = np.linalg.norm(weights @ picture.plane.basis, axis=1)
    assert np.allclose(lengths, np.linalg.norm(weights, axis=1))


def test_the_projection_does_not_turn_between_two_frames() -> None:
    rng = np.random.default_rng(0)
    weights, inputs = rng.normal(size=(40, 5)), rng.normal(size=(3, 5))
    before = compass(weights, np.ones(40), inputs)
    turned = before.plane.basis @ np.array([[0.0, 1.0], [1.0, 0.0]])
    flipped = type(before)(**{**before.__dict__, "plane": type(before.plane)(turned, 1.0)})
    after = compass(weights + 1e-6, np.ones(40), inputs, previous=flipped)
    assert np.allclose(after.plane.basis, turned, atol=1e-4)


def test_the_cursor_is_on_its_neuron_also_when_there_are_very_many() -> None:
    weights = np.tile([1.0, 0.0], (200_000, 1))
    weights[123_457] = (-1.0, 0.0)
    picture = compass(weights, np.ones(200_000), np.eye(2), cursor=123_457)
    rows = compass_rows(picture, (41, 21), BRAILLE, cursor=123_457)
    ((x, y, text),) = pieces(rows, "cursor")
    assert picture.index.size <= DIRECTIONS.most_neurons + 1
    assert (y, text) == (10, "◆")
    assert x < 10


def test_samples_are_numbered_from_one_at_the_end_of_their_rays() -> None:
    picture = compass(np.ones((1, 2)), np.ones(1), np.array([[1.0, 0.0], [0.0, 5.0]]))
    rays = pieces(compass_rows(picture, (41, 21), ASCII), "ray")
    assert any("1" in text and x > 35 and y == 10 for x, y, text in rays)
    assert any("2" in text and y == 0 for _, y, text in rays)


@pytest.mark.parametrize("size", [(31, 9), (41, 13), (61, 31)])
@pytest.mark.parametrize("samples", [5, 12, 40])
@pytest.mark.parametrize("width", [0.05, 0.6, 6.0])
def test_numbers_of_samples_neither_touch_nor_hide_a_sample(
    size: tuple[int, int], samples: int, width: float
) -> None:
    angles = np.linspace(1.3, 1.3 + width, samples)
    inputs = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rows = compass_rows(compass(np.ones((1, 2)), np.ones(1), inputs), size, BRAILLE)
    shown = [int(number) for row in rows for number in re.findall(r"\d+", plain(row))]
    assert len(set(shown)) == len(shown)
    assert set(shown) <= set(range(1, samples + 1))
    assert 1 in shown
    # so many that they have no numbers, at the same places
    bare = compass_rows(compass(np.ones((1, 2)), np.ones(1), np.tile(inputs, (9, 1))), size, BRAILLE)
    assert [plain(row).count("×") for row in rows] == [plain(row).count("×") for row in bare]


def table(**changes: object) -> NeuronTable:
    values = {
        "sign": np.array([1, -1, 0], dtype=np.int8),
        "log10_norm": np.array([np.log10(1.34e-6), -320.5, -np.inf]),
        "angle": np.array([45.26, -170.0, np.nan]),
        "angle_meaning": "of the direction",
        "active": np.array([[True, False, True, True], [False] * 4, [True] * 4]),
        "on_kink": np.array([[False, True, False, False], [True] + [False] * 3, [False] * 4]),
        "sliding": np.array([[False, True, False, False], [False] * 4, [False] * 4]),
        "growth": np.array([0.25, 0.0, np.nan]),
    }
    return NeuronTable(**{**values, **changes})  # type: ignore[arg-type]


def line(place: int, width: int, chosen: bool = False) -> Row:
    return neuron_row(table(), Line(place, place, "1 (2)", chosen), Layout.of(3, 4, width), BRAILLE)


def test_a_line_of_the_table_says_what_there_is_to_know_of_a_neuron() -> None:
    lines = [plain(line(i, 80)) for i in range(3)]
    assert lines[0].split() == ["0", "●", "+", "1.34e-06", "45.3°", "+0.25", "sliding", "1", "(2)", "●◐●●"]
    assert lines[1].split() == ["1", "○", "-", "3.16e-321", "-170.0°", "0", "dead", "1", "(2)", "····"]
    assert lines[2].split() == ["2", "·", "0", "0", "-", "-", "live", "1", "(2)", "●●●●"]
    head = plain(header_row(Layout.of(3, 4, 80), Sorting("norm"), 4, "of the direction", BRAILLE))
    assert head.index("sign") == lines[0].index("●")
    assert "norm↓" in head
    assert "G-decay↑" in plain(header_row(Layout.of(3, 4, 80), Sorting("growth", True), 4, "", BRAILLE, True))
    assert "growth↑" in plain(header_row(Layout.of(3, 4, 80), Sorting("growth", True), 4, "", BRAILLE))


@pytest.mark.parametrize("width", range(8, 120, 7))
def test_a_narrow_table_has_fewer_columns_and_never_more_than_its_width(width: int) -> None:
    layout = Layout.of(200_000, 4, width)
    assert {
        len(plain(neuron_row(table(), Line(i, 7, "12 neurons", False), layout, ASCII))) for i in range(3)
    } == {width}
    assert len(plain(header_row(layout, Sorting(), 4, "to D+ or D-", ASCII))) == width
    assert ("group" in layout.columns) == (width >= 70)
    assert ("state" in layout.columns) == (width >= 48)


@pytest.mark.parametrize("width", [48, 80, 120])
def test_marks_of_samples_fill_what_the_columns_leave(width: int) -> None:
    layout = Layout.of(3, 500, width)
    head = plain(header_row(layout, Sorting(), 500, "", BRAILLE))
    assert width - head.index("samples 1-500" if layout.marks < 23 else "active on") == layout.marks > 12


def test_the_chosen_line_has_the_cursor_role_over_its_whole_width() -> None:
    ((text, role),) = line(0, 50, chosen=True)
    assert (len(text), role) == (50, "cursor")


def test_many_samples_are_counted_and_cut() -> None:
    on, off = np.ones(100, dtype=bool), np.zeros(100, dtype=bool)
    assert active_text(on, off, 20, BRAILLE) == "100/100 ●●●●●●●●●●●…"
    assert active_text(on, off, 3, BRAILLE) == "100"
    assert active_text(on[:3], off[:3], 3, ASCII) == "###"
    assert active_text(off[:3], on[:3], 3, ASCII) == "///"


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(0.25, "+0.25"), (-1.234e-5, "-1.2e-5"), (0.0, "0"), (-0.0, "0"), (np.nan, "-"), (2.5e7, "+2.5e7")],
)
def test_growth_has_its_sign(rate: float, shown: str) -> None:
    assert growth_text(rate) == shown


@pytest.mark.parametrize(("log", "shown"), [(0.0, "1.00e+00"), (-0.0001, "1.00e+00"), (-12.0, "1.00e-12")])
def test_norms_are_written_from_their_logarithms(log: float, shown: str) -> None:
    assert norm_text(log) == shown


@pytest.mark.parametrize(
    ("marker", "term", "encoding", "name"),
    [
        ("auto", "xterm-256color", "utf-8", "braille"),
        ("auto", "linux", "utf-8", "ascii"),
        ("auto", "xterm", "ISO-8859-1", "ascii"),
        ("auto", "xterm", "no-such-encoding", "ascii"),
        ("block", "linux", "ascii", "block"),
    ],
)
def test_the_terminal_and_the_locale_choose_the_marks(
    marker: str, term: str, encoding: str, name: str
) -> None:
    assert choose(marker, {"TERM": term}, encoding).name == name


def test_an_unknown_marker_is_refused_in_one_sentence() -> None:
    with pytest.raises(ReluflowError, match="--marker is 'dots'; expected auto, braille, block, ascii"):
        choose("dots", {})


def test_ascii_is_ascii() -> None:
    picture = compass(np.random.default_rng(0).normal(size=(30, 2)), np.ones(30), np.eye(2))
    for row in compass_rows(picture, (40, 16), ASCII, cursor=3):
        assert plain(row).isascii()
