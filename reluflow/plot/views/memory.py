"""Remembering the last answer for as long as the question is about the very same objects."""

from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def remembered(work: Callable[..., Answer]) -> Callable[..., Answer]:
    """``work``, asked again only for other objects than last time; they must never change.

    Views are drawn anew at every move of a cursor; states and problems are immutable and cannot be hashed.
    """
    held: list[tuple[tuple[object, ...], Answer]] = []

    def recall(*objects: object) -> Answer:
        if held and all(one is other for one, other in zip(held[0][0], objects, strict=True)):
            return held[0][1]
        answer = work(*objects)
        held[:] = [(objects, answer)]
        return answer

    return recall
