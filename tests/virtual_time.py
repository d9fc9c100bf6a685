"""An event loop whose clock is the test's: it jumps to the next timer when there is nothing else to do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For code that waits for timers only. `stall` lets time pass as a blocked loop would."""

    def __init__(self) -> None:
        super().__init__()
        self._now_seconds = 0.0

    def time(self) -> float:
        return self._now_seconds

    def stall(self, seconds: float) -> None:
        self._now_seconds += seconds

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._now_seconds = max(self._now_seconds, self._scheduled[0].when())
        super()._run_once()


def run_in_virtual_time(story: Coroutine[object, object, None]) -> None:
    """Run to the end; hours take no time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(story)
