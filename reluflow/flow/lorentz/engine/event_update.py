"""What happens at an event, and what it makes of a neuron: one rule for all kinds (see the package)."""

from dataclasses import dataclass, fields, replace

import numpy as np

from reluflow.flow.events import Change
from reluflow.flow.lorentz.engine.rows import WIDER, Rows
from reluflow.flow.lorentz.event_location import REST
from reluflow.flow.lorentz.forcing import Forcing
from reluflow.flow.lorentz.neurons import OFF, ON, SIDE, SLIDING, Bytes, Mask
from reluflow.flow.lorentz.release import Releases, error_of_multipliers, rounding_of_multipliers
from reluflow.flow.lorentz.samples import Index, Samples
from reluflow.network import Array, indices

#: a part of an input orthogonal to others below this share of it (squared) is left to a more careful hand
CAREFUL = 1e-8
#: share of the samples that a neuron can slide on up to which those are picked out, not all multiplied
SPARSE = 0.1


@dataclass(frozen=True)
class EventUpdate:
    """What happens to b rows: whether anything does; on which sample, whether z crosses zero, whether it
    begins to slide, or is released from ``slot``; the new status and the kind of event; c (b, t), theta (b,
    s), the products of g with all inputs (b, h), |g|^2 (b,); S_i of the sample before (b, t), and the
    multiplier of one that it begins to slide on (b, t).
    """

    happens: Mask
    sample: Index
    slot: Index
    crosses: Mask
    slides: Mask
    status: Index
    kind: Bytes
    change: Array
    theta: Array
    inner: Array
    square: Array
    own: Array
    entered: Array
    slope: Array
    force: Array
    margin: Array
    odd: Mask

    def take(self, rows: Mask) -> "EventUpdate":
        return EventUpdate(*(getattr(self, field.name)[rows] for field in fields(self)))


def decide(
    rows: Rows, sample: Index, crosses: Mask, happens: Mask, releases: Releases, forcing: Forcing
) -> EventUpdate:
    """What happens to rows where z reaches zero on ``sample``, or which are released from it.

    happens (b,): whether either is so; the others stay as they are.
    """
    samples, here = forcing.samples, np.arange(len(rows))
    total = samples.total
    basis = forcing.path.basis(rows.position)
    own, force = rows.slope[here, :, sample], forcing.on_force[:, sample].T
    held = rows.slots >= 0
    theta, inner, square, diagonal = _orthogonal_part(rows, sample, crosses, releases.slot, samples)
    odd = square <= CAREFUL * samples.squares[sample]
    square = np.where(odd, 1.0, square)
    was_on = rows.status[here, sample] == ON
    speed = rows.a * np.vecdot(basis, own)
    jump = rows.a * np.vecdot(basis, force) * square / total
    other = np.where(was_on, speed + jump, speed - jump)
    rest = REST * np.maximum(np.abs(speed), np.abs(jump))
    floor = np.abs(rows.a) * forcing.noise * samples.squares[sample] / total
    slides = np.where(was_on, other > rest, other < -rest) & crosses
    odd |= crosses & ((rows.side[here, sample] * speed > -floor) | (np.abs(jump) <= floor))
    beta = rows.multiplier[here, :, releases.slot]
    on = releases.status == ON
    dual = np.sqrt(np.maximum(diagonal, 0.0))
    error = error_of_multipliers(rounding_of_multipliers(dual, rows.status, sample, samples), forcing)
    odd |= ~crosses & (np.abs(np.vecdot(basis, beta)) <= error) & (np.abs(np.vecdot(basis, force)) <= error)
    change = np.where(was_on[:, None], force, -force) / total
    change = np.where(slides[:, None], -own / square[:, None], change)
    change = np.where(crosses[:, None], change, (beta - np.where(on[:, None], force, 0.0)) / total)
    status = np.where(slides, SLIDING, np.where(crosses, np.where(was_on, OFF, ON), np.where(on, ON, OFF)))
    kind = np.where(slides, Change.SLIDE, np.where(was_on, Change.EXIT, Change.ENTER))
    kind = np.where(crosses, kind, np.where(on, Change.RELEASE_ON, Change.RELEASE_OFF)).astype(np.int8)
    active = np.count_nonzero(rows.status == ON, axis=1) - (was_on & crosses) + (status == ON)
    odd |= active == 0
    odd |= np.count_nonzero(held, axis=1) + slides >= samples.inputs.shape[1] - 1
    entered = np.where(was_on[:, None], force, 0.0) + total * own / square[:, None]
    slope, strength = np.vecdot(basis, own), np.vecdot(basis, force)
    margin = beta - force
    if not happens.all():
        change = np.where(happens[:, None], change, 0.0)
        status = np.where(happens, status, rows.status[here, sample])
        slides, odd = slides & happens, odd & happens
    event = happens, sample, releases.slot, crosses, slides, status, kind
    return EventUpdate(*event, change, theta, inner, square, own, entered, slope, strength, margin, odd)


def _orthogonal_part(
    rows: Rows, sample: Index, crosses: Mask, slot: Index, samples: Samples
) -> tuple[Array, Array, Array, Array]:
    """The input of each row's sample without its parts along the others that the row slides on.

    slot (b,): where the sample is held, of rows that do not cross it. Returns theta (b, s), products with all
    inputs (b, h), the square (b,), and the diagonal of M at the slot (b,).
    """
    here, held = np.arange(len(rows)), rows.slots >= 0
    gone = rows.inverse[here, slot]
    theta = np.matmul(rows.inverse, samples.gram[sample[:, None], rows.slots][:, :, None])[:, :, 0]
    diagonal = gone[here, slot]
    ratio = -gone / np.where(diagonal > 0.0, diagonal, 1.0)[:, None]
    ratio[here, slot] = 0.0
    theta = np.where(crosses[:, None], theta, ratio)
    inner = _orthogonal(samples.gram, rows.slots, sample, theta)
    if held.any():  # once more, as M is only nearly the inverse
        astray = np.where(held & crosses[:, None], inner[here[:, None], rows.slots], 0.0)
        theta = theta + np.matmul(rows.inverse, astray[:, :, None])[:, :, 0]
        inner = _orthogonal(samples.gram, rows.slots, sample, theta)
    square = np.where(crosses, inner[here, sample], 1.0 / np.where(diagonal > 0.0, diagonal, 1.0))
    return theta, inner, square, diagonal


def _orthogonal(gram: Array, slots: Index, sample: Index, theta: Array) -> Array:
    """<x_l - sum_k theta_k x_k, x_i> (b, h) for one l of each row, ``sample``; theta (b, s)."""
    if slots.shape[1] < SPARSE * len(gram):
        combined: Array = gram[sample] - np.matmul(theta[:, None], gram[slots])[:, 0]
        return combined
    here, mixed = np.arange(len(sample)), np.zeros((len(sample), len(gram) + 1))
    mixed[here[:, None], slots] = -theta
    mixed[:, -1] = 0.0
    mixed[here, sample] = 1.0
    return mixed[:, :-1] @ gram


def changed(rows: Rows, what: EventUpdate, total: int) -> Rows:
    """The rows with the new activation, pull, multipliers and M; their slopes are written to."""
    here, sample, slot = np.arange(len(rows)), what.sample, what.slot
    slides, frees = what.slides, what.happens & ~what.crosses
    if slides.any() and not (rows.slots[slides] < 0).any(axis=1).all():
        rows, what = rows.wider(), replace(what, theta=np.pad(what.theta, ((0, 0), (0, WIDER))))
    status, z, change = rows.status.copy(), rows.z.copy(), what.change[:, :, None]
    status[here, sample] = what.status
    z[here, sample] = np.where(what.happens, 0.0, z[here, sample])
    multiplier = rows.multiplier + (total * change) * what.theta[:, None]
    inverse, slots = rows.inverse.copy(), rows.slots
    if slides.any():
        who = indices(slides)
        new = np.argmax(slots[who] < 0, axis=1)
        slots = slots.copy()
        slots[who, new] = sample[who]
        theta = what.theta[who].copy()
        theta[np.arange(who.size), new] = -1.0
        inverse[who] += theta[:, :, None] * theta[:, None] / what.square[who][:, None, None]
        multiplier[who, :, new] = what.entered[who]
    if frees.any():
        who = indices(frees)
        slots = slots.copy()
        slots[who, slot[who]] = -1
        _let_go(inverse, who, slot[who])
    rows.slope += change * what.inner[:, None]
    row, slid = np.nonzero(slots >= 0)
    rows.slope[row, :, slots[row, slid]] = 0.0
    mixed, squares = change * what.own[:, None], change * change.transpose(0, 2, 1)
    turned = mixed + mixed.transpose(0, 2, 1) + what.square[:, None, None] * squares
    return replace(
        rows,
        status=status,
        z=z,
        side=SIDE[status],
        gram=rows.gram + turned,
        across=_across(rows, turned[:, 0, 0]),
        multiplier=multiplier,
        inverse=inverse,
        slots=slots,
        events=rows.events + what.happens,
    )


def _let_go(inverse: Array, who: Index, slot: Index) -> None:
    """Take from M of rows ``who`` (c,), in place, what the samples in slots (c,) add to it."""
    gone = inverse[who, slot]
    inverse[who] -= gone[:, :, None] * gone[:, None] / gone[np.arange(who.size), slot][:, None, None]
    inverse[who, slot] = 0.0
    inverse[who, :, slot] = 0.0


def _across(rows: Rows, change: Array) -> Array:
    """|w_perp|^2 + a^2 - |w|^2 (b,) after a ``change`` (b,) of |D|^2, of which <w, D> knows nothing.

    On a path that moves it is not needed.
    """
    if rows.gram.shape[1] > 1:
        return rows.across
    before = rows.gram[:, 0, 0]
    both = before * (before + change)
    shares = np.divide(change, both, out=np.zeros_like(change), where=both > 0.0)
    turned: Array = rows.across + rows.along[:, 0] ** 2 * shares
    return turned
