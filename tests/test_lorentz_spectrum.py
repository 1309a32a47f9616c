"""The modes of the kernel, by which Newton's method solves for the path of a step."""

import numpy as np
import pytest
from lorentz_cases import correlated

from reluflow.flow.base import Options
from reluflow.flow.lorentz import Lorentz, collocation
from reluflow.flow.lorentz.collocation import RADAU, Spectrum, spectrum
from reluflow.flow.lorentz.settings import SPECTRUM
from reluflow.network import Array

LEAST = SPECTRUM.samples


def of_rank(size: int, rank: int) -> Array:
    """A kernel of which the eigenvalues span eight powers of ten."""
    generator = np.random.default_rng(size + rank)
    columns = generator.standard_normal((size, rank)) * 10.0 ** np.linspace(0.0, -4.0, rank)
    kernel: Array = columns @ columns.T
    return kernel


@pytest.mark.parametrize(
    ("size", "rank"),
    [
        (LEAST, 1),
        (LEAST, 8),
        (120, 36),
        (120, 37),
        (120, 120),
        (LEAST, 0),
        (40, 4),
    ],
)
def test_modes_make_up_the_kernel_whatever_its_rank(size: int, rank: int) -> None:
    kernel = of_rank(size, rank)
    found, plain = spectrum(kernel, low_rank=True), spectrum(kernel)
    largest = max(float(plain.values.max()), 1e-300)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(size), atol=1e-13)
    np.testing.assert_allclose(
        (found.vectors * found.values) @ found.vectors.T, kernel, rtol=0.0, atol=1e-13 * largest
    )
    np.testing.assert_allclose(np.sort(found.values), plain.values, rtol=0.0, atol=1e-13 * largest)
    taken_apart = size >= LEAST and 0 < rank <= SPECTRUM.rank * size
    assert (np.count_nonzero(found.values) == rank) or not taken_apart


def test_newton_solves_the_equation_of_a_step_for_a_kernel_of_low_rank() -> None:
    """dR + h A dR K = defect, also with a part that K does not move."""
    size, length = LEAST, 3.0
    kernel, defect = of_rank(size, 5), np.random.default_rng(1).standard_normal((RADAU.stages, size))
    change = spectrum(kernel, low_rank=True).newton(defect, length, RADAU.integrals)
    np.testing.assert_allclose(change + length * RADAU.integrals @ change @ kernel, defect, atol=1e-11)


def test_many_samples_in_few_dimensions_have_modes_of_low_rank(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same run as with all modes, and these are found by the shorter way."""
    problem = correlated(dimension=3, samples=LEAST, width=6)
    short: list[bool] = []
    whole = collocation.spectrum

    def counted(kernel: Array, low_rank: bool = False) -> Spectrum:
        found = whole(kernel, low_rank)
        short.append(low_rank and np.count_nonzero(found.values) <= SPECTRUM.rank * len(kernel))
        return found

    def plain(kernel: Array, low_rank: bool = False) -> Spectrum:
        return whole(kernel)

    ends = []
    for way in (counted, plain):
        monkeypatch.setattr("reluflow.flow.lorentz.context.spectrum", way)
        monkeypatch.setattr(collocation, "spectrum", way)
        solver = Lorentz(problem, Options())
        while solver.t < 20.0:
            solver.step(t_end=20.0)
        ends.append((solver.loss, solver.state.weights))
    assert sum(short) > 0.5 * len(short) > 5
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=1e-9)
    np.testing.assert_allclose(ends[0][1], ends[1][1], atol=1e-9)
