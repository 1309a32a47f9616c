"""Kinds of data beyond the two papers: what each promises, and that seeds give the same numbers for ever."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reluflow
from reluflow.data.datasets import Data, build_data
from reluflow.errors import PresetError
from reluflow.network import predictions

LABELLED = ("two-clusters", "xor", "ring", "spiral", "moons")
FLAT = ("xor", "ring", "spiral", "moons")
KINDS = (*LABELLED, "sphere", "symmetric")


def drawn(kind: str, samples: int = 6, seed: int = 7, **more: object) -> Data:
    values = {"data.kind": kind, "data.samples": samples, "data.seed": seed}
    values |= {} if kind in FLAT else {"data.dimension": 3}
    return build_data(values | {f"data.{name}": value for name, value in more.items()}, Path())


@pytest.mark.parametrize(
    ("kind", "inputs", "targets"),
    [
        (
            "two-clusters",
            [
                0.14957684269124216,
                -0.6599213222773709,
                0.6963535210930738,
                -0.10375161380928138,
                0.5952831129721476,
                -0.8922617195939955,
            ],
            [1.0, -1.0],
        ),
        ("xor", [0.8993416156054008, 1.034656115314292, 0.9880566517281594, -0.819969990913372], [1.0, -1.0]),
        (
            "ring",
            [0.16368636030699832, -0.4542995942182837, 0.5663876857203218, 0.8670864471106923],
            [1.0, -1.0],
        ),
        (
            "spiral",
            [-0.027298561703761312, 0.17963732496058116, -0.035429763499557995, 0.005793744876760426],
            [1.0, -1.0],
        ),
        (
            "moons",
            [-0.8802996473375101, 0.5751354111353445, 1.8798537947879195, 0.12599642883124298],
            [1.0, -1.0],
        ),
        (
            "sphere",
            [
                0.11336809109987862,
                0.045870810930369356,
                -1.0415045313738638,
                1.627419203909496,
                0.35174006092742766,
                0.14995809679967825,
            ],
            [-1.4859248869322346, 1.813150918984285],
        ),
        (
            "symmetric",
            [
                0.18441168146410863,
                0.0746163518475322,
                -1.6941769065682746,
                -0.18441168146410863,
                -0.0746163518475322,
                1.6941769065682746,
            ],
            [-0.6229275347445836, 0.6229275347445836],
        ),
    ],
)
def test_numbers_stay(kind, inputs, targets):
    data = drawn(kind, 2)
    np.testing.assert_allclose(data.inputs.ravel(), inputs, rtol=1e-13)
    np.testing.assert_allclose(data.targets, targets, rtol=1e-13)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**63 - 1),
    kind=st.sampled_from(KINDS),
    few=st.integers(1, 4),
    more=st.integers(0, 4),
)
def test_more_samples_begin_with_the_same_ones(seed, kind, few, more):
    small, large = drawn(kind, 2 * few, seed), drawn(kind, 2 * (few + more), seed)
    assert np.array_equal(small.inputs, large.inputs[: 2 * few])
    assert np.array_equal(small.targets, large.targets[: 2 * few])


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_draws_other_numbers(kind):
    assert not np.any(drawn(kind, seed=0).inputs == drawn(kind, seed=1).inputs)


# labels


@pytest.mark.parametrize("kind", LABELLED)
def test_labels_are_one_and_minus_one_in_equal_shares(kind):
    data = drawn(kind, 9)
    assert sorted(data.targets.tolist()) == [-1.0] * 4 + [1.0] * 5
    assert data.inputs.shape == (9, 3 if kind == "two-clusters" else 2)


@pytest.mark.parametrize("kind", LABELLED)
def test_held_out_points_are_others_of_the_same_law(kind):
    """With so many of both, means and squares over each label agree to what chance allows."""
    data = drawn(kind, 4000, held_out=4000)
    inputs, labels = data.held_out
    assert not np.any(np.isin(inputs[:, 0], data.inputs[:, 0]))
    for label in (1.0, -1.0):
        one, other = data.inputs[data.targets == label], inputs[labels == label]
        np.testing.assert_allclose(one.mean(axis=0), other.mean(axis=0), atol=0.12)
        np.testing.assert_allclose(one.T @ one / 2000, other.T @ other / 2000, atol=0.12)


@pytest.mark.parametrize("kind", FLAT)
def test_flat_kinds_take_a_bias(kind):
    data = drawn(kind, bias=True, held_out=4)
    assert np.array_equal(data.inputs, np.column_stack([drawn(kind).inputs, np.ones(6)]))
    assert np.array_equal(data.held_out[0][:, 2], np.ones(4))
    assert data.input_dimension == 2


def test_two_clusters_are_orthogonally_separable_where_the_noise_is_small():
    for noise, apart in ((None, True), (2.0, False)):
        data = drawn("two-clusters", 40, noise=noise)
        towards = data.inputs * data.targets[:, None]
        assert np.all(towards @ towards.T > 0.0) == apart


def test_points_without_noise_lie_where_they_should():
    corners = drawn("xor", 8, noise=0.0)
    assert sorted(map(tuple, corners.inputs.tolist())) == sorted(2 * [(1, 1), (-1, -1), (1, -1), (-1, 1)])
    assert np.array_equal(corners.targets, np.prod(corners.inputs, axis=1))
    circles = drawn("ring", 30, noise=0.0)
    radii = np.linalg.norm(circles.inputs, axis=1)
    np.testing.assert_allclose(radii, np.where(circles.targets > 0, 0.5, 1.0), rtol=1e-14)
    arms = drawn("spiral", 60, noise=0.0)
    radii = np.linalg.norm(arms.inputs, axis=1)
    turned = np.column_stack([np.cos(3 * np.pi * radii), np.sin(3 * np.pi * radii)]) * radii[:, None]
    np.testing.assert_allclose(arms.inputs, arms.targets[:, None] * turned, atol=1e-13)
    assert np.max(radii) > 0.9
    moons = drawn("moons", 60, noise=0.0)
    x, y = (moons.inputs - (moons.targets < 0)[:, None] * [1.0, 0.5]).T
    np.testing.assert_allclose(np.hypot(x, y), 1.0, rtol=1e-13)
    assert np.all(y * moons.targets > 0.0)


@pytest.mark.parametrize("kind", FLAT)
def test_noise_only_blurs(kind):
    none, some, more = (drawn(kind, noise=noise).inputs for noise in (0.0, 0.1, 0.4))
    np.testing.assert_allclose(more - none, 4.0 * (some - none), atol=1e-14)


# sphere


def test_sphere_has_uniform_norms_directions_and_sizes():
    data = drawn("sphere", 4000)
    lengths, sizes = np.linalg.norm(data.inputs, axis=1), np.abs(data.targets)
    for values in (lengths, sizes):
        assert 1.0 <= values.min() < 1.01
        assert 1.99 < values.max() <= 2.0
        assert values.mean() == pytest.approx(1.5, abs=0.02)
    unit = data.inputs / lengths[:, None]
    np.testing.assert_allclose(unit.T @ unit / 4000, np.eye(3) / 3.0, atol=0.03)
    assert abs(np.corrcoef(lengths, sizes)[0, 1]) < 0.06
    assert abs(np.mean(np.sign(data.targets))) < 0.06


# symmetric


@pytest.mark.parametrize("white", [False, True])
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_symmetric_data_come_in_pairs(white, noise):
    data = drawn("symmetric", 10, white=white, noise=noise)
    assert np.array_equal(data.inputs[::2], -data.inputs[1::2])
    assert np.array_equal(data.targets[::2], -data.targets[1::2])
    line = np.linalg.lstsq(data.inputs, data.targets, rcond=None)[0]
    assert np.allclose(data.inputs @ line, data.targets) == (noise == 0.0)
    if noise == 0.0:
        assert np.linalg.norm(line) == pytest.approx(1.0)
        np.testing.assert_allclose(
            predictions(data.teacher, data.teacher_output, data.inputs), data.targets, atol=1e-14
        )


@pytest.mark.parametrize("samples", [4, 6, 8, 40])
def test_white_data_have_a_covariance_of_one(samples):
    inputs = drawn("symmetric", samples, white=True).inputs
    values = np.linalg.eigvalsh(inputs.T @ inputs / samples)[::-1]
    np.testing.assert_allclose(values[: samples // 2], 1.0, rtol=1e-12)
    np.testing.assert_allclose(values[samples // 2 :], 0.0, atol=1e-12)


def test_held_out_symmetric_points_have_linear_targets():
    data = drawn("symmetric", noise=0.5, held_out=7)
    clean = drawn("symmetric", noise=0.0)
    np.testing.assert_allclose(data.held_out[1], data.held_out[0] @ clean.teacher[0], atol=1e-14)
    assert not np.any(np.isin(data.held_out[0], data.inputs))


# what is refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data.kind": "symmetric", "data.samples": 5}, "data.samples is 5; expected an even number"),
        ({"data.kind": "symmetric", "data.bias": True}, "data.bias is true; expected false"),
        ({"data.kind": "sphere", "data.held_out": 5}, "data.held_out"),
        ({"data.kind": "moons", "data.dimension": 3}, "data.dimension"),
        ({"data.kind": "sphere", "data.white": True}, "data.white"),
        ({"data.kind": "ring", "data.noise": -1.0}, "data.noise"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(changes, words):
    sizes = {"data.samples": 4} | ({} if changes["data.kind"] in FLAT else {"data.dimension": 2})
    with pytest.raises(PresetError) as caught:
        reluflow.load_preset("first-steps", {"data.bias": False} | sizes | changes)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", [{"data.samples": 3}, {"data.samples": 2, "data.bias": True}])
def test_pairs_are_needed_without_a_preset_too(values):
    with pytest.raises(PresetError, match="kind is symmetric"):
        build_data({"data.kind": "symmetric", "data.dimension": 2} | values, Path())
