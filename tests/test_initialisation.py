"""Initial networks: the published normalisations, nested widths, balance, and what is refused."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluflow.data.initialisation import build_weights, deviation
from reluflow.data.streams import lengths
from reluflow.errors import PresetError
from reluflow.network import predictions
from reluflow.store.preset import load_preset

KINDS = ["balanced", "dominated", "unbalanced", "fixed-norm"]
BASE = {"init.kind": "balanced", "init.scale": 1.0, "init.norm": "width", "init.seed": 7, "network.width": 2}


def build(dimension=2, input_dimension=None, folder=Path(), **changes):
    values = BASE | {key.replace("__", "."): value for key, value in changes.items()}
    return build_weights(values, folder, dimension, input_dimension or dimension)


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        ("balanced", [-0.9175560343071715, 1.7741210228618627]),
        ("dominated", [-0.9569363988161699, 1.7742110794913106]),
        ("unbalanced", [0.22445566751424997, 0.05071627338320026]),
    ],
)
def test_numbers_stay(kind, output):
    weights, output_weights = build(init__kind=kind, init__scale=math.sqrt(2.0))
    expected = [-0.7634308085457165, 0.5090014505448257, 0.384073102824442, 1.7320488605831037]
    assert np.allclose(weights.ravel(), expected, rtol=1e-15, atol=0.0)
    assert np.allclose(output_weights, output, rtol=1e-15, atol=0.0)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**63 - 1),
    kind=st.sampled_from(KINDS),
    width=st.integers(1, 20),
    more=st.integers(0, 20),
    dimension=st.integers(1, 6),
)
def test_a_wider_network_begins_with_the_same_neurons(seed, kind, width, more, dimension):
    def network(m):
        # the scale undoes the normalisation, which depends on the width
        return build(dimension, init__kind=kind, init__seed=seed, network__width=m, init__scale=math.sqrt(m))

    small, large = network(width), network(width + more)
    assert np.allclose(small[0], large[0][:width], rtol=1e-14, atol=0.0)
    assert np.allclose(small[1], large[1][:width], rtol=1e-14, atol=0.0)
    assert all(map(np.array_equal, small, network(width)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("power", [-990, -40, 3])
def test_the_scale_only_multiplies(kind, power):
    unit = build(3, init__kind=kind, network__width=9)
    scaled = build(3, init__kind=kind, network__width=9, init__scale=2.0**power)
    for before, after in zip(unit, scaled, strict=True):
        assert np.array_equal(np.ldexp(before, power), after)


def test_the_norm_only_multiplies_and_does_not_count_the_bias():
    by_width = build(4, 3, network__width=9)
    by_both = build(4, 3, network__width=9, init__norm="width-dimension")
    for wide, both in zip(by_width, by_both, strict=True):
        assert np.allclose(wide / both, math.sqrt(3.0), rtol=1e-14)


def test_kinds_share_their_hidden_weights_and_signs():
    networks = {kind: build(3, init__kind=kind, network__width=50) for kind in KINDS}
    for kind, (weights, _) in networks.items():
        ratio = weights / networks["balanced"][0]
        assert np.allclose(ratio, ratio[:, :1] if kind == "fixed-norm" else 1.0, rtol=1e-14)
    signs = np.sign(networks["balanced"][1])
    assert np.array_equal(signs, np.sign(networks["fixed-norm"][1]))
    assert np.array_equal(signs, np.sign(networks["dominated"][1]))
    assert 15 < np.sum(signs > 0) < 35


def test_published_deviations():
    assert deviation(3.0, "width", 4, 9) == 1.5
    assert deviation(3.0, "width-dimension", 4, 9) == 0.5
    weights, output = build(
        20, init__kind="unbalanced", network__width=2000, init__scale=3.0, init__norm="width-dimension"
    )
    assert np.std(weights) == pytest.approx(3.0 / math.sqrt(2000 * 20), rel=0.02)
    assert np.std(output) == pytest.approx(3.0 / math.sqrt(2000), rel=0.07)
    weights, output = build(1, init__kind="dominated", network__width=20000, init__scale=1.0)
    excess = output**2 - weights[:, 0] ** 2
    assert np.mean(excess) == pytest.approx(np.mean(weights**2), rel=0.05)


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1.0, 1e100])
def test_balance_holds_to_rounding_at_any_scale(scale):
    weights, output = build(30, network__width=50, init__scale=scale, init__norm="width-dimension")
    assert np.all(weights != 0.0)
    for row, size in zip(weights, np.abs(output), strict=True):
        assert size == pytest.approx(math.hypot(*row), rel=1e-15)


@pytest.mark.parametrize("delta", [0.0, 1e-3, -1e-3, 0.7, -50.0])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e5])
@pytest.mark.parametrize("norm", ["width-dimension", "width"])
def test_fixed_norm_has_the_stated_product_and_difference(delta, scale, norm):
    weights, output = build(
        3, init__kind="fixed-norm", init__delta=delta, init__scale=scale, init__norm=norm, network__width=40
    )
    hidden, output = np.linalg.norm(weights, axis=1), np.abs(output)
    product = scale**2 / 40 * (3.0 if norm == "width" else 1.0)
    assert np.allclose(hidden * output, product, rtol=1e-13)
    assert np.allclose(output**2 - hidden**2, delta, rtol=1e-9, atol=1e-14 * max(product, abs(delta)))


@pytest.mark.parametrize("delta", [1e-10, -1e-10])
def test_fixed_norm_at_a_tiny_scale(delta):
    """The larger weight is sqrt(|delta|), the smaller one the product over it."""
    weights, output = build(1, init__kind="fixed-norm", init__delta=delta, init__scale=1e-145)
    sizes = np.array([np.abs(output), np.abs(weights[:, 0])])[:: 1 if delta > 0 else -1]
    assert np.allclose(sizes, [[1e-5], [0.5e-285]], rtol=1e-13, atol=0.0)
    with pytest.raises(
        PresetError, match=r"init\.delta: found .* beside init\.scale = 1e-200; expected a smaller"
    ):
        build(1, init__kind="fixed-norm", init__delta=delta, init__scale=1e-200)


@pytest.mark.parametrize("delta", [0.0, 1.0])
def test_fixed_norm_at_a_scale_of_which_nothing_is_left(delta):
    with pytest.raises(PresetError, match=r"init\.scale: found 4\.94066e-324; expected a larger one"):
        build(1, init__kind="fixed-norm", init__delta=delta, init__scale=5e-324)


def test_fixed_norm_directions_are_uniform_and_the_bias_is_one_of_them():
    weights, _ = build(3, 2, init__kind="fixed-norm", network__width=4000)
    unit = weights / np.linalg.norm(weights, axis=1)[:, None]
    assert np.allclose(unit.T @ unit / 4000, np.eye(3) / 3.0, atol=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_a_paired_network_is_zero_everywhere(kind):
    alone = build(3, init__kind=kind, network__width=8)
    weights, output = build(3, init__kind=kind, network__width=8, init__paired=True)
    assert np.array_equal(weights[::2], weights[1::2])
    assert np.array_equal(weights[::2], alone[0][:4])
    assert np.array_equal(output[::2], -output[1::2])
    assert np.array_equal(output[::2], alone[1][:4])
    points = np.random.default_rng(0).normal(size=(50, 3))
    assert np.max(np.abs(predictions(weights, output, points))) <= 1e-14


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"init.paired": True, "network.width": 5},
            "network.width is 5; expected an even number where init.paired",
        ),
        ({"init.delta": 0.1}, "init.delta"),
        ({"init.kind": "file", "init.path": "x.npz", "init.paired": True}, "init.paired"),
        (
            {"init.kind": "fixed-norm", "init.delta": 0.1, "solver.method": "polar"},
            "solver.method is polar where init.delta is 0.1; expected",
        ),
    ],
)
def test_what_does_not_go_together_is_one_sentence(changes, words):
    with pytest.raises(PresetError) as caught:
        load_preset("first-steps", changes)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_polar_runs_from_a_balanced_start_of_fixed_norm():
    problem = load_preset("first-steps", {"init.kind": "fixed-norm", "solver.method": "polar"}).problem()
    assert problem.is_balanced()


@pytest.mark.parametrize("scale", [1e-300, 1.0])
def test_dominated_is_never_below(scale):
    weights, output = build(3, init__kind="dominated", network__width=500, init__scale=scale)
    assert np.all(np.abs(output) >= lengths(weights))
    assert np.median(np.abs(output) / lengths(weights)) > 1.02


def test_lengths_of_extreme_rows():
    rows = np.array([[3e-300, 4e-300], [3e300, 4e300], [0.0, 0.0], [3e-320, 4e-320]])
    assert np.allclose(lengths(rows[:2]), [5e-300, 5e300], rtol=1e-15)
    assert lengths(rows)[2] == 0.0
    assert lengths(rows)[3] == pytest.approx(5e-320, rel=1e-3)


def test_a_file_is_read_as_it_is(tmp_path):
    weights, output = np.array([[1e-300, 2.0], [3.0, -4.0]]), np.array([0.5, -0.25])
    np.savez(tmp_path / "start.npz", weights=weights, output_weights=output)
    for width in (2, None):
        found = build(2, folder=tmp_path, init__kind="file", init__path="start.npz", network__width=width)
        assert np.array_equal(found[0], weights)
        assert np.array_equal(found[1], output)


@pytest.mark.parametrize(
    ("arrays", "width", "message"),
    [
        ({"weights": np.ones((2, 3)), "output_weights": np.ones(2)}, None, "3 columns; expected 2"),
        (
            {"weights": np.ones((2, 2)), "output_weights": np.ones(3)},
            None,
            "found 3 output_weights; expected 2",
        ),
        (
            {"weights": np.ones((2, 2)), "output_weights": np.ones(2)},
            5,
            "found 2 neurons; expected network.width = 5",
        ),
        ({"weights": np.full((2, 2), np.nan), "output_weights": np.ones(2)}, None, "found nan"),
        ({"weights": np.ones((2, 2))}, None, "no array 'output_weights'"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence(tmp_path, arrays, width, message):
    np.savez(tmp_path / "start.npz", **arrays)
    with pytest.raises(PresetError) as caught:
        build(2, folder=tmp_path, init__kind="file", init__path="start.npz", network__width=width)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"init__kind": "file"}, "init.path: found nothing"),
        ({"init__kind": "file", "init__path": "none.npz"}, "found no file"),
        ({"init__kind": "zero"}, "found 'zero'"),
        ({"init__norm": "depth"}, "found 'depth'"),
        ({"init__paired": True, "network__width": 3}, "network.width: found 3; expected an even number"),
        ({"network__width": 0}, "network.width: found 0"),
        ({"network__width": None}, "network.width: found None"),
    ],
)
def test_what_is_no_start_is_one_sentence(tmp_path, changes, message):
    with pytest.raises(PresetError, match=message):
        build(folder=tmp_path, **changes)
