"""Data sets: what each kind promises, that seeds give the same numbers for ever, and what is refused."""

import contextlib
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reluflow.data.datasets import Data, build_data
from reluflow.data.kinds.correlated import around, correlated
from reluflow.data.kinds.gaussian import gaussian
from reluflow.data.kinds.orthogonal import orthogonal
from reluflow.data.kinds.piecewise import piecewise
from reluflow.data.kinds.points import points
from reluflow.errors import PresetError, ProblemError, ReluflowError
from reluflow.network import predictions

SEEDS = st.integers(0, 2**63 - 1)


def drawn(kind: str, seed: int, samples: int, dimension: int = 6) -> Data:
    values = {"data.kind": kind, "data.seed": seed, "data.samples": samples, "data.dimension": dimension}
    values |= {"data.teacher_width": 3} if kind == "gaussian" else {}
    values |= {"data.knots": [[-1, 0], [0.5, 2], [1, 0]]} if kind == "piecewise" else {}
    return build_data(values, Path())


# the same numbers for ever


def close(found, expected) -> bool:
    return np.allclose(np.ravel(found), expected, rtol=1e-15, atol=0.0)


def test_orthogonal_numbers_stay():
    data = orthogonal(2, 3, seed=7, norms=(1.0, 2.0))
    expected = [0.11336809109987864, 0.04587081093036937, -1.0415045313738638]
    assert close(data.inputs[0], expected)
    assert close(data.inputs[1], [1.623358712077005, 0.3499984623144034, 0.1921180231307564])
    assert close(data.targets, [1.85766319112251, -1.330269760403364])


def test_gaussian_numbers_stay():
    data = gaussian(2, 2, seed=7, teacher_width=3)
    expected = [0.18441168146410863, 0.0746163518475322, -1.6941769065682746, 1.2602230542775834]
    assert close(data.inputs, expected)
    assert close(data.teacher[0], [-0.12742531982947858, -0.4549563717049342])
    assert close(data.teacher_output, [-0.5757986407649794, -0.13761667114659326, -0.674497894572099])
    assert close(data.targets, [-0.004151105907840364, -0.3055016652878234])


@pytest.mark.parametrize(
    ("centred", "first_input", "targets", "first_teacher"),
    [
        (
            True,
            [0.3361753397682078, -0.6185417284637983, 0.999372145741286],
            [1.1931935052238378, 1.227048675923871, -2.340293005023536, -2.306308465107831],
            [0.20769198801765681, -0.679930039783144, 0.7032490164328464],
        ),
        (
            False,
            [0.29038313479835787, -0.6404208754224344, 0.8938321606081748],
            [1.0558969758267045, 0.779418492150233, -2.42272016672575, -2.4570866601110444],
            [0.2077326067561418, -0.22637798977100904, 0.9516302695046723],
        ),
    ],
)
def test_correlated_numbers_stay(centred, first_input, targets, first_teacher):
    data = correlated(2, 3, 7, centred, teachers=2)
    assert close(data.inputs[0], first_input)
    assert close(data.targets, targets)
    assert close(data.teacher[0], first_teacher)


def test_piecewise_numbers_stay():
    data = piecewise([[-1, 0], [0, 1], [1, 0]], 3, seed=7)
    assert close(data.inputs, [0.5183564023801095, -0.4898951769257929, -0.5699191631109441])
    assert close(data.targets, [0.4816435976198905, 0.5101048230742071, 0.43008083688905585])


@settings(max_examples=30)
@given(
    seed=SEEDS,
    kind=st.sampled_from(["orthogonal", "gaussian", "correlated", "piecewise"]),
    few=st.integers(1, 3),
    more=st.integers(0, 3),
)
def test_more_samples_begin_with_the_same_ones(seed, kind, few, more):
    small, again, large = drawn(kind, seed, few), drawn(kind, seed, few), drawn(kind, seed, few + more)
    assert np.array_equal(small.inputs, again.inputs)
    assert np.array_equal(small.targets, again.targets)
    if kind != "correlated":  # there a redraw for the further samples replaces the first ones as well
        assert np.array_equal(small.inputs, large.inputs[:few])
        assert np.array_equal(small.targets, large.targets[:few])


def test_another_seed_draws_other_numbers():
    for kind in ("orthogonal", "gaussian", "correlated", "piecewise"):
        assert not np.any(drawn(kind, 0, 3).inputs == drawn(kind, 1, 3).inputs)


# what each kind promises


@settings(max_examples=20)
@given(seed=SEEDS, dimension=st.integers(1, 30), share=st.floats(0.0, 1.0))
def test_orthogonal_inputs_are_so_to_rounding(seed, dimension, share):
    samples = max(1, round(share * dimension))
    data = orthogonal(samples, dimension, seed, norms=(0.5, 2.0))
    gram = data.inputs @ data.inputs.T
    norms = np.sqrt(np.diag(gram))
    assert np.all(np.abs(gram - np.diag(norms**2)) <= 20 * np.finfo(float).eps * np.outer(norms, norms))
    assert np.all((norms >= 0.5 - 1e-12) & (norms <= 2.0 + 1e-12))
    assert np.all(np.abs(data.targets) >= 0.1)


def test_orthogonal_norms_change_lengths_only():
    unit, drawn_norms = orthogonal(4, 6, 3), orthogonal(4, 6, 3, norms=(1.0, 3.0))
    assert np.allclose(np.linalg.norm(unit.inputs, axis=1), 1.0, rtol=1e-15)
    lengths = np.linalg.norm(drawn_norms.inputs, axis=1)
    assert np.ptp(lengths) > 0.1
    assert np.allclose(drawn_norms.inputs / lengths[:, None], unit.inputs, rtol=1e-14)
    assert np.array_equal(unit.targets, drawn_norms.targets)


def test_orthogonal_targets_are_normal_without_the_middle():
    targets = np.concatenate([orthogonal(40, 40, seed).targets for seed in range(50)])
    assert abs(np.mean(targets)) < 4 / math.sqrt(targets.size)
    # E[y^2 | |y| > 0.1] of a standard normal is 1.086
    assert np.mean(targets**2) == pytest.approx(1.086, abs=0.12)


@pytest.mark.parametrize("kind", ["orthogonal", "gaussian", "correlated"])
def test_targets_are_the_teachers_answers(kind):
    values = {"data.kind": kind, "data.samples": 5, "data.dimension": 7, "data.seed": 2}
    values |= {"data.teachers": 2} if kind == "correlated" else {"data.teacher_width": 4}
    data = build_data(values, Path())
    assert data.targets.size == (10 if kind == "correlated" else 5)
    assert np.allclose(predictions(data.teacher, data.teacher_output, data.inputs), data.targets, atol=1e-14)


def test_gaussian_teacher_has_the_published_variances():
    k, d = 200, 50
    data = gaussian(1, d, 0, k)
    assert np.mean(data.teacher**2) * k * d == pytest.approx(1.0, abs=4 * math.sqrt(2 / (k * d)))
    assert np.mean(data.teacher_output**2) * k == pytest.approx(1.0, abs=4 * math.sqrt(2 / k))
    assert gaussian(9, d, 0, 3).inputs[:1].tolist() == data.inputs.tolist()


def test_correlated_inputs_surround_the_teacher():
    n, d = 2000, 400
    centred = correlated(n, d, 1, centred=True)
    mean = centred.inputs.mean(axis=0)
    assert np.linalg.norm(mean - centred.teacher[0]) < 3 / math.sqrt(n) + 0.01
    assert np.mean((centred.inputs - mean) ** 2) == pytest.approx(1.0 / d, rel=0.02)
    assert np.linalg.norm(centred.teacher[0]) == pytest.approx(1.0, rel=1e-14)
    other = correlated(n, d, 1, centred=False)
    spread = math.sqrt(2.0) - 1.0
    assert np.mean((other.inputs - other.inputs.mean(axis=0)) ** 2) == pytest.approx(spread / d, rel=0.02)
    # |mu| = 1 and |mu + noise z|^2 = sqrt 2: the teacher is at arccos 2^(-1/4) from the centre
    cosine = other.teacher[0] @ centred.teacher[0]
    assert cosine == pytest.approx(2.0**-0.25, abs=0.05)


def test_noise_only_spreads():
    near, far = (correlated(4, 30, 5, centred=True, noise=noise) for noise in (0.1, 0.4))
    assert np.array_equal(near.teacher, far.teacher)
    assert np.allclose((far.inputs - far.teacher) / (near.inputs - near.teacher), 4.0, rtol=1e-10)


def test_second_teacher_is_opposite_three_times_as_long_and_counts_negatively():
    one, two = correlated(6, 20, 3, centred=True), correlated(6, 20, 3, centred=True, teachers=2)
    assert np.array_equal(one.inputs, two.inputs[:6])
    assert np.allclose(two.teacher[1], -3.0 * two.teacher[0], rtol=1e-15)
    assert two.teacher_output.tolist() == [1.0, -1.0]
    assert np.all(two.targets[:6] > 0.0)
    assert np.all(two.targets[6:] < 0.0)
    free = correlated(6, 20, 3, centred=False, teachers=2)
    assert np.linalg.norm(free.teacher, axis=1) == pytest.approx([1.0, 3.0])
    assert abs(free.teacher[1] @ free.teacher[0]) < 2.99


def test_redraws_until_no_target_is_zero_and_keeps_the_centre():
    redrawn = 0
    for seed in range(30):
        data = correlated(4, 3, seed, centred=True)
        first = around(data.teacher[0], 1.0, 4, seed, "inputs 0", 0)
        assert np.all(data.targets > 0.0)
        redrawn += not np.array_equal(first, data.inputs)
        # the centre is that of the noiseless set, whatever was drawn again
        assert np.array_equal(correlated(4, 3, seed, centred=True, noise=0.0).inputs[0], data.teacher[0])
    assert 0 < redrawn < 30


def test_redraws_are_capped():
    with pytest.raises(ProblemError, match=r"zero target in each of \d+ draws of 60 inputs.*data\.noise"):
        correlated(60, 2, 0, centred=True, noise=50.0)


def test_piecewise_is_linear_between_its_knots():
    knots = [(-1, 0), (-0.7, 0.7), (0, 0), (2, 1)]
    data = piecewise(knots, 400, 0)
    x = data.inputs[:, 0]
    assert -1.0 <= x.min() < -0.97
    assert 1.97 < x.max() <= 2.0
    assert np.mean(x) == pytest.approx(0.5, abs=0.15)
    assert np.allclose(data.targets, np.interp(x, *np.transpose(knots)), atol=1e-14)


# bias, points and files


def test_bias_is_a_last_column_of_ones_that_a_teacher_does_not_use():
    values = {"data.kind": "gaussian", "data.samples": 4, "data.dimension": 3, "data.teacher_width": 2}
    plain, biased = build_data(values, Path()), build_data(values | {"data.bias": True}, Path())
    assert np.array_equal(biased.inputs, np.column_stack([plain.inputs, np.ones(4)]))
    assert (plain.input_dimension, biased.input_dimension) == (3, 3)
    assert np.array_equal(plain.targets, biased.targets)
    answers = predictions(biased.teacher, biased.teacher_output, biased.inputs)
    assert np.allclose(answers, biased.targets, atol=1e-14)


def test_arrays_cannot_be_written_to():
    data = gaussian(2, 2, 0, 2)
    for array in (data.inputs, data.targets, data.teacher, data.teacher_output, data.with_bias().inputs):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


def test_plain_numbers_are_one_dimensional_inputs():
    flat, nested = points([1, 2.5], [3, 4]), points([[1], [2.5]], [3, 4])
    assert flat.inputs.tolist() == nested.inputs.tolist() == [[1.0], [2.5]]
    assert flat.input_dimension == 1


@pytest.mark.parametrize("header", ["", "x1,x2,y\n", '"first input", second, target\n\n'])
def test_csv_and_npz_read_alike(tmp_path, header):
    (tmp_path / "p.csv").write_text(header + "1, 2,3\n-4e-1,5,6\n\n", encoding="utf-8-sig")
    np.savez(tmp_path / "p.npz", inputs=[[1, 2], [-0.4, 5]], targets=[3, 6])
    for name in ("p.csv", "p.npz"):
        data = build_data({"data.kind": "file", "data.path": name}, tmp_path)
        assert data.inputs.tolist() == [[1.0, 2.0], [-0.4, 5.0]]
        assert data.targets.tolist() == [3.0, 6.0]
        assert data.input_dimension == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n3\n", "line 3: found 1 column; expected 2 columns"),
        ("1,2\n3,cat\n", "line 2, column 2: found 'cat'; expected a finite number"),
        ("x,3\n1,2\n", "line 1, column 1: found 'x'"),
        ("x,y\na,b\n1,2\n", "line 2, column 1: found 'a'"),
        ("1,nan\n", "line 1, column 2: found 'nan'"),
        ("1,2\n\n\ninf,2\n", "line 4, column 1: found 'inf'"),
        ("1,\n", "line 1, column 2: found an empty cell"),
        ("x,y\n", "no row of numbers"),
        ("", "no row of numbers"),
        ("1\n2\n", "found 1 column"),
    ],
)
def test_bad_csv_is_one_sentence_with_its_place(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(PresetError) as caught:
        build_data({"data.kind": "file", "data.path": "bad.csv"}, tmp_path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"inputs": [[1.0]]}, "no array 'targets'"),
        ({"inputs": [[1.0]], "targets": [1.0, 2.0]}, "found 2 targets; expected 1"),
        ({"inputs": [[math.nan]], "targets": [1.0]}, "array 'inputs', row 1, column 1: found nan"),
        ({"inputs": [["a"]], "targets": [1.0]}, "expected real numbers"),
        ({"inputs": [[[1.0]]], "targets": [1.0]}, "shape (1, 1, 1)"),
        ({"inputs": np.zeros((0, 2)), "targets": np.zeros(0)}, "non-empty"),
        ({"inputs": np.array([[None]]), "targets": [1.0]}, "array 'inputs': found Python objects"),
    ],
)
def test_bad_npz_is_one_sentence(tmp_path, arrays, message):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(PresetError) as caught:
        build_data({"data.kind": "file", "data.path": "bad.npz"}, tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"\x93NUMPY\x01\x00", b"\x80\x04N."])
def test_other_bytes_are_refused(tmp_path, content):
    for name in ("bad.npz", "bad.csv"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PresetError):
            build_data({"data.kind": "file", "data.path": name}, tmp_path)


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_npz_is_never_more_than_a_sentence(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged") / "bad.npz"
    save = data.draw(st.sampled_from([np.savez, np.savez_compressed]))
    save(path, inputs=np.arange(6.0).reshape(3, 2), targets=np.arange(3.0))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(PresetError):
        build_data({"data.kind": "file", "data.path": str(path)}, Path())


def test_missing_files_and_other_endings_are_refused(tmp_path):
    (tmp_path / "points.xlsx").touch()
    for name, message in (
        ("none.csv", "found no file at"),
        ("~nobody-of-that-name/p.csv", "found no file at"),
        ("p\0.csv", "found a name that cannot be one at"),
        ("x" * 5000, "found a name that is too long at"),
        (".", "found a folder at"),
        ("points.xlsx", r"expected \.csv, \.npz or \.npy"),
    ):
        with pytest.raises(PresetError, match=message):
            build_data({"data.kind": "file", "data.path": name}, tmp_path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "points", "inputs": [[1, 2], [3]], "targets": [1, 2]}, "data.inputs"),
        ({"kind": "points", "inputs": [1, 2], "targets": [1]}, "found 1 targets; expected 2"),
        ({"kind": "points", "inputs": [1, math.inf], "targets": [1, 2]}, "found inf at place 2"),
        ({"kind": "points", "inputs": [], "targets": []}, "non-empty"),
        ({"kind": "points", "targets": [1]}, "data.inputs: found nothing"),
        ({"kind": "orthogonal", "samples": 5, "dimension": 4}, "at most data.dimension = 4"),
        ({"kind": "orthogonal", "samples": 2, "dimension": 4, "bias": True}, "no longer orthogonal"),
        ({"kind": "gaussian", "samples": 5, "dimension": 4}, "data.teacher_width: found nothing"),
        ({"kind": "gaussian", "samples": 0, "dimension": 4, "teacher_width": 1}, "data.samples: found 0"),
        ({"kind": "piecewise", "samples": 5, "knots": [[0, 1], [0, 2]]}, "x increasing"),
        ({"kind": "piecewise", "samples": 5, "knots": [[0, 1]]}, "at least two pairs"),
        ({"kind": "circles"}, "found 'circles'"),
    ],
)
def test_what_is_no_data_set_is_one_sentence(values, message):
    with pytest.raises(ReluflowError) as caught:
        build_data({f"data.{key}": value for key, value in values.items()}, Path())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
