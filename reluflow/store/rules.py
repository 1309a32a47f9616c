"""Combinations of values that cannot be, and sizes that do not fit."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from reluflow.errors import PresetError, ProblemError
from reluflow.store.values import show


def check_combinations(values: Mapping[str, Any], where: str) -> None:
    """Raise PresetError with one sentence for values that are fine alone but not together."""
    _CHECKS.get(values["data.kind"], _nothing)(values, where)
    _check_balance(values, where)
    _check_time(values, where)


def check_memory(values: Mapping[str, Any], where: str) -> None:
    """Raise PresetError, with the estimate, if the sizes that the preset states cannot fit in memory."""
    from reluflow.problem import require_memory

    inputs = values.get("data.inputs", ((0.0,),))
    sizes = {
        "data.samples": values.get("data.samples", len(inputs)),
        "data.dimension": values.get("data.dimension", len(inputs[0])),
        "network.width": values.get("network.width", 1),
    }
    largest = max(sizes, key=lambda id: sizes[id])
    samples, dimension, width = sizes.values()
    try:
        require_memory(
            samples * values.get("data.teachers", 1),
            dimension + values["data.bias"],
            width,
            f"{where}: {largest} is {sizes[largest]}",
        )
    except ProblemError as error:
        raise PresetError(str(error)) from None


def _nothing(values: Mapping[str, Any], where: str) -> None:
    pass


def _check_points(values: Mapping[str, Any], where: str) -> None:
    samples, targets = len(values["data.inputs"]), len(values["data.targets"])
    if samples != targets:
        raise PresetError(
            f"{where}: data.targets has {targets} number(s); expected {samples}, one for each of data.inputs"
        )


def _check_orthogonal(values: Mapping[str, Any], where: str) -> None:
    samples, dimension = values["data.samples"], values["data.dimension"]
    if samples > dimension:
        raise PresetError(
            f"{where}: data.samples is {samples}; expected at most data.dimension = {dimension}, "
            "since no more inputs than that can be orthogonal"
        )
    norms = values.get("data.norms", (1.0, 1.0))
    if len(norms) != 2 or norms[0] > norms[1]:
        raise PresetError(f"{where}: data.norms is {show(norms)}; expected two numbers, the smaller first")
    if values["data.bias"]:
        raise PresetError(
            f"{where}: data.bias is true; expected false where data.kind is orthogonal, "
            "since inputs with a constant appended are not orthogonal"
        )


def _check_piecewise(values: Mapping[str, Any], where: str) -> None:
    knots = values["data.knots"]
    if len(knots) < 2 or len(knots[0]) != 2:
        raise PresetError(
            f"{where}: data.knots has {len(knots)} row(s) of {len(knots[0])} number(s); "
            "expected at least two rows of two numbers, x and y"
        )
    for (left, _), (right, _) in pairwise(knots):
        if right <= left:
            raise PresetError(
                f"{where}: data.knots has x = {right:g} after x = {left:g}; expected x to increase"
            )


def _check_balance(values: Mapping[str, Any], where: str) -> None:
    # weights from a file may be balanced: that is seen when they are read
    if values.get("solver.method") == "polar" and values["init.kind"] not in ("balanced", "file"):
        raise PresetError(
            f"{where}: solver.method is polar where init.kind is {values['init.kind']}; "
            "expected init.kind balanced, the only kind on which polar can run"
        )


def _check_time(values: Mapping[str, Any], where: str) -> None:
    rate, end = values.get("solver.learning_rate"), values.get("stop.time")
    if rate is not None and end is not None and rate > end:
        raise PresetError(
            f"{where}: solver.learning_rate is {rate:g}; expected at most stop.time = {end:g}, "
            "since the first step would go past the end"
        )


_CHECKS = {"points": _check_points, "orthogonal": _check_orthogonal, "piecewise": _check_piecewise}
