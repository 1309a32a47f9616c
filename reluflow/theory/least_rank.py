"""Least rank against least norm: does one neuron, the teacher, have the least variation norm that fits?

For as many independent inputs as dimensions, with the dual basis chi_1 .. chi_n (<x_k, chi_l> = 1 for k = l,
else 0), Chistikov, Englert, Lazic 2023 look at

    M = max over proper subsets K, p in cone chi_K, q in cone of the rest, of cos(p, q) - sin(p, v*):

for M < 0 the rank-one network has the least norm, for M > 0 it has not. One number decides [derived]: with
sum_k nu_k x_k = v* / |v*|, kappa = max_{|w| <= 1} |sum_k nu_k relu(<w, x_k>)|: kappa = 1 or kappa > 1.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.network import Array, row_norms
from reluflow.theory.cones import SphereOracle


@dataclass(frozen=True)
class RankSearch:
    """How far the search for a network of less norm than the teacher goes."""

    #: activation patterns that are visited, at most: those of 16 inputs
    cones: int = 2**16
    #: starts of the local search for M, for every subset
    starts: int = 6


SEARCH: Final = RankSearch()


def rank_one_kappa(inputs: Array, teacher: Array) -> float:
    """kappa for independent ``inputs`` (n, p), n = p, and ``teacher`` (p,); exact up to rounding.

    Raises ProblemError if there are too many activation patterns to visit (n > 16).
    """
    nu = np.linalg.solve(inputs.T, teacher / np.linalg.norm(teacher)).astype(np.float64)
    oracle = SphereOracle(inputs, SEARCH.cones)
    return max(oracle.highest(side).value for side in (nu, -nu))


def margin(inputs: Array, teacher: Array, seed: int = 0) -> float:
    """M for independent ``inputs`` (n, p), n = p, by local search from several starts: a lower bound on M.

    Every value that the search meets is attained, so that a positive result proves M > 0. Work grows as 2^n.
    """
    basis = np.linalg.inv(inputs).T.astype(np.float64)
    duals = basis / row_norms(basis)[:, None]
    towards = teacher / np.linalg.norm(teacher)
    rng = np.random.default_rng(seed)
    best = -np.inf
    for code in range(1, 2 ** len(duals) - 1):
        inside = (code >> np.arange(len(duals))) & 1 == 1
        best = max(best, _margin_of(duals[inside], duals[~inside], towards, rng))
    return best


def _margin_of(own: Array, rest: Array, towards: Array, rng: np.random.Generator) -> float:
    from scipy.optimize import minimize, nnls

    def value(parts: Array) -> tuple[float, Array]:
        p = parts @ own
        length = float(np.linalg.norm(p))
        if length == 0.0:
            return 2.0, np.zeros_like(parts)
        p = p / length
        share, _ = nnls(rest.T, p)
        cosine, slope = _towards(p, share @ rest, rest)
        miss = p - (p @ towards) * towards
        sine = float(np.linalg.norm(miss))
        if sine > 0.0:
            slope = slope + (p @ towards) * towards / sine
        slope = (slope - (slope @ p) * p) / length
        return -(cosine - sine), -(own @ slope)

    nearest, _ = nnls(own.T, towards)
    starts = [nearest + 1e-3, *rng.exponential(size=(SEARCH.starts, len(own)))]
    box = [(0.0, None)] * len(own)
    found = [minimize(value, start, jac=True, bounds=box, method="L-BFGS-B") for start in starts]
    return max(-float(one.fun) for one in found)


def _towards(p: Array, near: Array, rest: Array) -> tuple[float, Array]:
    """Largest cosine of a unit p with the cone of ``rest``, its nearest point being ``near``; its slope."""
    length = float(np.linalg.norm(near))
    if length > 1e-12:
        return length, near / length
    cosines = rest @ p  # p is in the polar cone: a generator is best
    best = int(np.argmax(cosines))
    return float(cosines[best]), rest[best]
