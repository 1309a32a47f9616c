"""Combinations of values that cannot be, and sizes that do not fit."""

from collections.abc import Mapping
from typing import Any, Final

from reluflow.data import DATA_KINDS
from reluflow.errors import PresetError, ProblemError
from reluflow.store.values import show

#: what a product of a sample with a teacher's neuron costs beside its multiplications, in those
_BESIDE: Final = 5
#: seconds that a multiplication takes in drawing data, roughly, as measured on one processor
_SECONDS: Final = 1.5e-9
#: seconds of drawing that nobody minds beside those for which a run may go on
_SPARE: Final = 1.0


def check_combinations(values: Mapping[str, Any], where: str) -> None:
    """Raise PresetError with one sentence for values that are fine alone but not together."""
    complaint = DATA_KINDS[values["data.kind"]]().complaint(values)
    if complaint is not None:
        raise PresetError(f"{where}: {complaint}")
    _check_held_out(values, where)
    _check_pairs(values, where)
    _check_balance(values, where)
    _check_time(values, where)


def _check_held_out(values: Mapping[str, Any], where: str) -> None:
    held_out = values.get("data.held_out")
    if held_out is None or isinstance(held_out, int) != (values["data.kind"] == "file"):
        return
    expected = "a share between 0 and 1, or a file" if isinstance(held_out, int) else "a number of samples"
    raise PresetError(
        f"{where}: data.held_out is {show(held_out)} where data.kind is {values['data.kind']}; "
        f"expected {expected}"
    )


def check_memory(values: Mapping[str, Any], where: str) -> None:
    """Raise PresetError, with the estimate, if the sizes that the preset states cannot fit in memory."""
    from reluflow.data.memory import require_memory

    sizes = _sizes(values)
    largest = max(sizes, key=lambda id: sizes[id])
    samples, dimension, width, *others = sizes.values()
    try:
        require_memory(
            samples * values.get("data.teachers", 1),
            dimension + values["data.bias"],
            width,
            f"{where}: {largest} is {sizes[largest]}",
            sum(others),
        )
    except ProblemError as error:
        raise PresetError(str(error)) from None


def drawing_work(values: Mapping[str, Any]) -> float:
    """Multiplications, roughly, that it takes to draw the data of checked ``values``.

    Those of a teacher's neurons with samples, and of orthogonal inputs with each other, twice for each of two
    rounds; all else is little beside what memory bounds.
    """
    samples, dimension, _, teacher_width, held_out = _sizes(values).values()
    work = float(samples + held_out) * teacher_width * (dimension + _BESIDE)
    if values["data.kind"] == "orthogonal":
        work += 4.0 * samples * samples * dimension
    return work


def require_drawn_in_time(values: Mapping[str, Any], where: str) -> None:
    """Raise PresetError, with the estimate, if drawing the data takes longer than the run may."""
    limit, needed = values.get("stop.wall_seconds"), _SECONDS * drawing_work(values)
    if limit is not None and needed > limit + _SPARE:
        raise PresetError(
            f"{where}: stop.wall_seconds is {show(limit)}, where drawing the data alone takes about "
            f"{needed:.2g} seconds; expected more, or smaller sizes of [data]"
        )


def _sizes(values: Mapping[str, Any]) -> dict[str, int]:
    """Numbers of samples, dimensions, neurons, teacher neurons and held-out samples that a preset states."""
    inputs, held_out = values.get("data.inputs", ((0.0,),)), values.get("data.held_out")
    return {
        "data.samples": values.get("data.samples", len(inputs)),
        "data.dimension": values.get("data.dimension", len(inputs[0])),
        "network.width": values.get("network.width", 1),
        "data.teacher_width": values.get("data.teacher_width", 0),
        "data.held_out": held_out if isinstance(held_out, int) else 0,
    }


def _check_pairs(values: Mapping[str, Any], where: str) -> None:
    if values.get("init.paired") and values["network.width"] % 2:
        raise PresetError(
            f"{where}: network.width is {values['network.width']}; expected an even number where init.paired "
            "is true"
        )


def _check_balance(values: Mapping[str, Any], where: str) -> None:
    # weights from a file may be balanced: that is seen when they are read
    kind, delta = values["init.kind"], values.get("init.delta", 0.0)
    if values.get("solver.method") != "polar" or kind in ("balanced", "file"):
        return
    if kind != "fixed-norm":
        found = f"init.kind is {kind}"
    elif delta != 0.0:
        found = f"init.delta is {delta:g}"
    else:
        return
    raise PresetError(
        f"{where}: solver.method is polar where {found}; "
        "expected init.kind balanced, or fixed-norm with init.delta 0, the only starts on which polar can run"
    )


def _check_time(values: Mapping[str, Any], where: str) -> None:
    rate, end = values.get("solver.learning_rate"), values.get("stop.time")
    if rate is not None and end is not None and rate > end:
        raise PresetError(
            f"{where}: solver.learning_rate is {rate:g}; expected at most stop.time = {end:g}, "
            "since the first step would go past the end"
        )
