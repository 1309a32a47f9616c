"""Event location in sample space: neurons with events along a path, one event a neuron and round.

Between two events the pull of a neuron is D(x) = sum_i b_i(x) D_i, with the basis b_i of the path's terms, so

    w(x) = w + sum_i Y_i(x) D_i,    z_l(x) = z_l + sum_i Y_i(x) S_il,    S_il = <x_l, D_i>,

with Y_i the integral of a b_i. A chain of boosts (``boost``) is then known from the products P_i = <w, D_i>
and <D_i, D_j> alone, whatever the dimension. At an event of sample l one rule changes everything by a
number c_i for each term: with g the part of x_l orthogonal to the inputs of the samples that the neuron
slides on,

    D_i += c_i g,    S_ik += c_i <g, x_k>,

c_i = -r_i / n where the neuron enters, r_i / n where it exits, -S_il / |g|^2 where it begins to slide,
beta_i / n and (beta_i - r_i) / n where it is released to the inactive and to the active side. With M the
inverse of the Gram matrix of the samples it slides on, g = x_l - sum_k theta_k x_k, theta = M <x_S, x_l>,
and the multipliers change by n c_i theta. A release reads theta and |g|^2 = 1 / M_jj from its row of M.

Whatever is not plain (kinks that meet, a neuron that slides on a line, one that comes to rest, rapid
growth) is left to ``rounds``, as it was at its last event.
"""

from reluflow.flow.lorentz.engine.engine import Engine, suits

__all__ = ["Engine", "suits"]
