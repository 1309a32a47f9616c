"""Random numbers and sums that are the same on every machine.

A stream is numpy's PCG64 seeded by a number *and a name*, one for each thing that is drawn: drawing more
of one thing changes nothing else. The last bits of BLAS, of LAPACK and of numpy's blocked sums depend on
the processor and on the shape, so sums here run over the coordinates one after another.
"""

from zlib import crc32

import numpy as np

from reluflow.network import Array


def stream(seed: int, name: str, attempt: int = 0) -> np.random.Generator:
    """The generator of the thing called ``name``; ``attempt`` counts how often it was drawn again."""
    key = (crc32(name.encode()), attempt)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def dot(rows: Array, other: Array) -> Array:
    """<rows_i, other> (n,) of rows (n, d) with a vector (d,), or row by row with other rows (n, d)."""
    if rows.shape[1] > rows.shape[0]:  # Python loops over whichever is fewer; the sums are the same
        return summed(rows * other)
    total = np.zeros(rows.shape[0])
    for column in range(rows.shape[1]):
        total += rows[:, column] * other[..., column]
    return total


def summed(rows: Array) -> Array:
    """The sums (n,) of rows (n, d), which are overwritten.

    A prefix sum adds one number after another, whereas a plain sum adds in blocks.
    """
    if rows.shape[1] == 0:
        return np.zeros(rows.shape[0])
    np.add.accumulate(rows, axis=1, out=rows)
    total: Array = rows[:, -1] + 0.0  # as if from 0, so that -0 becomes 0
    return total


def lengths(rows: Array) -> Array:
    """|rows_i| (n,) of rows (n, d); scaled by powers of two, so that 1e-300 neither under- nor overflows."""
    _, exponents = np.frexp(np.max(np.abs(rows), axis=1, initial=0.0))
    scaled = np.ldexp(rows, -exponents[:, None])
    norms: Array = np.ldexp(np.sqrt(dot(scaled, scaled)), exponents)
    return norms


def normalised(vector: Array) -> Array:
    """The vector (d,) at length 1."""
    unit: Array = vector / lengths(vector[None, :])[0]
    return unit


def orthonormal_rows(generator: np.random.Generator, samples: int, dimension: int) -> Array:
    """Rows (n, d) of a random orthonormal frame, n <= d, by Gram-Schmidt twice on normal draws.

    The first rows of a larger frame are those of a smaller one.
    """
    rows = np.empty((samples, dimension))
    for index in range(samples):
        row = normalised(generator.standard_normal(dimension))
        for _ in range(2):
            done = rows[:index]
            row = normalised(row - np.sum(done * dot(done, row)[:, None], axis=0))
        rows[index] = row
    return rows
