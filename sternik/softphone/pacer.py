"""One 20 ms clock for all calls of a softphone, which knows how late it was."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .rtp_protocol import PACKET_MS

TICK_SECONDS = PACKET_MS / 1000
_KEPT_TICKS = 90_000
_MAX_BEHIND_SECONDS = 1.0

Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How late ticks began against their schedule; 0.0 everywhere when there was no tick.

    `skipped_ticks` is counted over the pacer's whole life.
    """

    tick_count: int
    max_ms: float
    mean_ms: float
    p50_ms: float
    p99_ms: float
    skipped_ticks: int


class Pacer:
    """Calls its members every 20 ms of `loop.time()` on an absolute schedule.

    A late tick does not move the next one: missed ticks are made up for at once, up to one second;
    beyond that they are skipped, and members see the gap in the tick number they are given.
    Lateness of the last 90,000 ticks (half an hour) is kept.
    """

    def __init__(self) -> None:
        self._members: dict[object, Tick] = {}
        self._late: deque[tuple[float, float]] = deque(maxlen=_KEPT_TICKS)
        self._skipped_ticks = 0

    def add(self, member: object, tick: Tick) -> None:
        """Call `tick` with the tick number from the next tick on."""
        self._members[member] = tick

    def remove(self, member: object) -> None:
        """Stop calling a member; unknown ones are ignored."""
        self._members.pop(member, None)

    def lateness(
        self, *, since_seconds: float = float("-inf"), until_seconds: float = float("inf")
    ) -> Lateness:
        """Sum up the ticks scheduled in this span of monotonic time."""
        late = np.array(
            [ms for at, ms in self._late if since_seconds <= at < until_seconds] or [0.0]
        )
        count = sum(since_seconds <= at < until_seconds for at, _ in self._late)
        return Lateness(
            tick_count=count,
            max_ms=float(late.max()),
            mean_ms=float(late.mean()),
            p50_ms=float(np.percentile(late, 50)),
            p99_ms=float(np.percentile(late, 99)),
            skipped_ticks=self._skipped_ticks,
        )

    async def run(self) -> None:
        """Tick until cancelled."""
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        tick = 0
        while True:
            tick += 1
            scheduled_at = started_at + tick * TICK_SECONDS
            await asyncio.sleep(max(0.0, scheduled_at - loop.time()))
            behind_seconds = max(0.0, loop.time() - scheduled_at)
            self._late.append((scheduled_at, 1000 * behind_seconds))
            for member_tick in tuple(self._members.values()):
                member_tick(tick)
            if behind_seconds > _MAX_BEHIND_SECONDS:
                missed = int(behind_seconds / TICK_SECONDS)
                self._skipped_ticks += missed
                tick += missed
