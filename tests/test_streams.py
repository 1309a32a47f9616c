"""Sums that are the same on every machine: one number after another, whatever the shape."""

import sys
import tracemalloc

import numpy as np
import pytest

from reluflow.data.datasets import answers
from reluflow.data.streams import dot, lengths

RNG = np.random.default_rng(3)


def hostile_rows(*shape):
    """Numbers of very different sizes: any other order of a sum has other last bits."""
    return RNG.standard_normal(shape) * 10.0 ** RNG.integers(-6, 6, shape)


def one_after_another(row, other):
    total = 0.0
    for first, second in zip(row.tolist(), other.tolist(), strict=True):
        total += first * second
    return total


def lines_run(function, *arguments):
    """How many lines of Python a call takes."""
    count = 0

    def trace(frame, event, _):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (50, 50), (0, 3), (3, 0)])
def test_products_are_summed_one_after_another(shape):
    rows, other = hostile_rows(*shape), hostile_rows(shape[1])
    assert dot(rows, other).tolist() == [one_after_another(row, other) for row in rows]
    assert dot(rows, rows).tolist() == [one_after_another(row, row) for row in rows]
    columns = np.asfortranarray(rows)
    assert dot(columns, other).tobytes() == dot(rows, other).tobytes()


def test_a_sum_of_zeros_is_no_negative_zero():
    assert not np.signbit(dot(np.full((2, 3), -0.0), np.ones(3))).any()


@pytest.mark.parametrize(("samples", "neurons"), [(3, 60), (60, 3), (1, 1), (0, 2), (2, 5000)])
def test_a_teacher_is_summed_one_neuron_after_another(samples, neurons):
    inputs, teacher, output = hostile_rows(samples, 7), hostile_rows(neurons, 7), hostile_rows(neurons)
    hidden = [np.array([max(one_after_another(neuron, each), 0.0) for neuron in teacher]) for each in inputs]
    assert answers(inputs, teacher, output).tolist() == [one_after_another(each, output) for each in hidden]


def test_what_a_wide_teacher_answers_takes_the_memory_of_one_answer():
    inputs, teacher, output = np.ones((50, 2)), np.ones((20_000, 2)), np.ones(20_000)
    tracemalloc.start()
    try:
        answers(inputs, teacher, output)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10 * output.nbytes


def test_large_sizes_take_no_step_of_python_for_each_number():
    assert lines_run(dot, np.ones((2, 10_000)), np.ones(10_000)) < 100
    assert lines_run(lengths, np.ones((2, 10_000))) < 100
    assert lines_run(answers, np.ones((2, 3)), np.ones((10_000, 3)), np.ones(10_000)) < 300
