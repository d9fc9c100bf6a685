from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from ivr.asterisk.frame_pacer import FRAME_SECONDS, MAX_FRAMES_AT_ONCE, FramePacer
from tests.virtual_time import VirtualTimeLoop, run_in_virtual_time

LEAD_SECONDS = 0.1


class Listener:
    """Counts frames, and how far they are ahead of somebody who plays them at their own pace."""

    def __init__(self) -> None:
        self.frames = 0
        self.most_at_once = 0
        self.longest_lead_seconds = 0.0
        self._played_until = 0.0

    def send_frames(self, count: int) -> None:
        now = asyncio.get_running_loop().time()
        self.frames += count
        self.most_at_once = max(self.most_at_once, count)
        self._played_until = max(self._played_until, now) + count * FRAME_SECONDS
        self.longest_lead_seconds = max(self.longest_lead_seconds, self._played_until - now)


def in_virtual_time(story: Callable[[VirtualTimeLoop, FramePacer], Awaitable[None]]) -> None:
    async def told() -> None:
        await story(cast(VirtualTimeLoop, asyncio.get_running_loop()), FramePacer())

    run_in_virtual_time(told())


def test_a_minute_is_three_thousand_frames_one_by_one() -> None:
    async def story(_: VirtualTimeLoop, pacer: FramePacer) -> None:
        listener = Listener()
        pacer.add(listener)
        assert listener.frames == 1  # at once: a caller in the application waits for it
        await asyncio.sleep(60.0)
        pacer.remove(listener)
        assert abs(listener.frames - 3000) <= 1
        assert listener.most_at_once == 1
        assert pacer.worst_lateness_seconds < FRAME_SECONDS

    in_virtual_time(story)


@pytest.mark.parametrize("stall_seconds", [0.01, 0.03, 0.05, 0.079, 0.1, 0.35, 3.0])
@pytest.mark.parametrize("pause_seconds", [0.02, 0.033, 0.5])
def test_never_more_than_100_ms_ahead_however_often_the_loop_stalls(
    stall_seconds: float, pause_seconds: float
) -> None:
    async def story(loop: VirtualTimeLoop, pacer: FramePacer) -> None:
        listener = Listener()
        pacer.add(listener)
        for _ in range(30):
            await asyncio.sleep(pause_seconds)
            loop.stall(stall_seconds)
        pacer.remove(listener)
        assert listener.most_at_once <= MAX_FRAMES_AT_ONCE
        assert listener.longest_lead_seconds <= LEAD_SECONDS + 1e-6
        assert pacer.worst_lateness_seconds >= stall_seconds - FRAME_SECONDS

    in_virtual_time(story)


def test_short_stalls_lose_no_frame() -> None:
    async def story(loop: VirtualTimeLoop, pacer: FramePacer) -> None:
        listener = Listener()
        pacer.add(listener)
        for _ in range(100):
            await asyncio.sleep(0.1)
            loop.stall(0.07)
        pacer.remove(listener)
        assert abs(listener.frames - 17.0 / FRAME_SECONDS) <= 5

    in_virtual_time(story)


def test_a_member_that_raises_is_dropped_and_the_others_are_paced_on() -> None:
    class Faulty:
        asked = 0

        def send_frames(self, _count: int) -> None:
            self.asked += 1
            if self.asked > 1:
                raise ZeroDivisionError

    async def story(_: VirtualTimeLoop, pacer: FramePacer) -> None:
        faulty, listeners = Faulty(), [Listener() for _ in range(5)]
        pacer.add(faulty)
        for listener in listeners:
            pacer.add(listener)
        await asyncio.sleep(1.0)
        assert faulty.asked == 2
        assert {listener.frames for listener in listeners} == {51}
        for listener in listeners:
            pacer.remove(listener)

    in_virtual_time(story)


def test_the_clock_stands_still_without_members_and_starts_again() -> None:
    async def story(_: VirtualTimeLoop, pacer: FramePacer) -> None:
        first, second = Listener(), Listener()
        pacer.add(first)
        pacer.remove(first)
        pacer.remove(first)
        await asyncio.sleep(10.0)
        pacer.add(second)
        await asyncio.sleep(1.0)
        pacer.remove(second)
        assert (first.frames, second.frames) == (1, 51)
        assert second.most_at_once == 1

    in_virtual_time(story)
