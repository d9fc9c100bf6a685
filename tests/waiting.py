"""Waiting for what no event tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(
    condition: Callable[[], object], *, seconds: float = 5.0, look_again_seconds: float = 0.0
) -> None:
    """Let the loop turn until the condition holds; raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (that is what this is for)
            await asyncio.sleep(look_again_seconds)
