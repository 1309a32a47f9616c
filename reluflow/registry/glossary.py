"""The glossary: words that the program uses in a sense of their own, for the help and the README."""

from collections.abc import Mapping
from typing import Final

#: Terms and what they mean, in the order in which one builds on another.
GLOSSARY: Final[Mapping[str, str]] = {
    "neuron": "hidden unit j with hidden weights w_j and output weight a_j; the network is h(x) = sum_j "
    "a_j max(<w_j, x>, 0). Its mass |a_j| |w_j| is what it can contribute; the sum of all is the "
    "variation norm. Its sign is that of a_j. Neurons are counted from 0, samples from 1",
    "sample": "an input x_k and its target y_k, one of the n pairs that the network is trained on. A neuron "
    "sees it, or is active on it, where <w_j, x_k> > 0",
    "flow time": "the time t of the gradient flow d theta/dt = -grad L; N steps of plain descent at rate "
    "eta come to t = eta N",
    "plateau": "a stretch of a run on which the loss hardly falls although the data are not fitted: the "
    "network is near a saddle, while small neurons turn and grow unseen. S1, S2, ... in the order in "
    "which they are met",
    "saddle": "a network at rest, above the least loss, from which some small change lowers it. The flow "
    "leaves it when small neurons of its own grow; where it has none that can, it stays there",
    "spurious local minimum": "a network at rest, above the least loss, that no small change lowers: the "
    "flow stays there",
    "escape": "the fall of the loss from one plateau to the next, when small neurons have grown. The "
    "escape time is when three quarters of it are done: the growing neurons then have half of their final "
    "mass",
    "extremal direction": "a direction of w at which the growth rate of small neurons has a local "
    "maximum; they turn towards such a direction before they grow (early alignment)",
    "D+, D-": "for orthogonal inputs the two extremal directions that see all samples of their sign: D+ = "
    "(1/n) sum |y_k| x_k over the samples with y_k > 0, D- over those with y_k < 0",
    "growth rate, Gamma": "a small neuron with direction w and the sign s grows like exp(s G(w) t), G(w) "
    "= (1/n) sum_k (y_k - h(x_k)) max(<w, x_k>, 0)",
    "Gamma_all, Gamma_available": "the largest growth rate that any neuron could have, and the largest "
    "that a small neuron of this network comes to: where the second is 0 the flow stays",
    "scale": "size of the first weights; escape times grow like ln(1/scale)",
    "activation pattern": "which samples a neuron sees, that is on which <w_j, x_k> > 0; an event changes it",
    "kink": "where <w_j, x> = 0, so that the ReLU of a neuron has its corner: of a sample x_k a "
    "hyperplane of weights, which a neuron crosses or slides along; of a neuron with one input and a bias "
    "a point, at which pictures of the function have a star",
    "sliding": "a neuron slides while the flow holds it on a kink: it is pushed towards it from both sides",
    "live, dead": "a live neuron sees a sample; a dead one sees none and cannot move",
    "group": "neurons of one sign that point the same way within three degrees; they move as one",
    "bundle": "a group as if it were one neuron, the sum of its a_j w_j",
    "balanced": "|a_j| = |w_j|; the flow keeps it, since a_j^2 - |w_j|^2 does not change",
    "finite steps": "plain descent takes steps of finite size, the flow does not: with them a_j^2 - "
    "|w_j|^2 drifts, and an output weight may change its sign although the flow forbids it",
    "rounding": "the error of numbers of 16 digits. A fit ends at the rounding floor, where what is left "
    "of h - y is rounding alone",
}
