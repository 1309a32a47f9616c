"""Remembering the last answer for as long as the question is about the very same objects."""

from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def remembered(work: Callable[..., Answer]) -> Callable[..., Answer]:
    """``work``, asked again only for other objects than last time; they must never change.

    Views are drawn anew at every move of a cursor, and several rows ask the same about a problem; states and
    problems are immutable and cannot be hashed. Threads may ask at once.
    """
    held: list[tuple[tuple[object, ...], Answer]] = []

    def recall(*objects: object) -> Answer:
        for before, answer in held[-1:]:
            if all(one is other for one, other in zip(before, objects, strict=True)):
                return answer
        found = work(*objects)
        held[:] = [(objects, found)]
        return found

    return recall
