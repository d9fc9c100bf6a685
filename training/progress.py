"""How training tells whoever watches how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called from time to time; showing it is the caller's business."""

    def __call__(self, step: str, done_share: float, /) -> None:
        """Say which step runs and how much of it (0..1) is done."""
        ...


def silent(step: str, done_share: float) -> None:
    """Tell nobody."""
