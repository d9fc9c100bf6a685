"""One steady 20 ms clock for every caller's outgoing audio."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

_log = structlog.get_logger(__name__)
FRAME_SECONDS = 0.02
# After a stall this many frames are sent at once, the rest is skipped: a caller then hears a gap, but
# never more than 100 ms of sound lies in Asterisk where no barge-in can call it back.
MAX_FRAMES_AT_ONCE = 5


class Paced(Protocol):
    """Something that sends frames when their time has come."""

    def send_frames(self, count: int) -> None:
        """Send the next `count` (1 to 5) times 20 ms; more than one after a stall of the event loop."""


class FramePacer:
    """Calls `send_frames` of every member each 20 ms, on an absolute schedule that does not drift.

    Runs only while it has members; one that raises is logged and paced no more, and the others don't
    notice. `worst_lateness_seconds` is the longest any tick came late.
    """

    def __init__(self) -> None:
        self._members: set[Paced] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.worst_lateness_seconds = 0.0

    @property
    def members(self) -> int:
        """How many are paced now."""
        return len(self._members)

    def add(self, member: Paced) -> None:
        """Begin pacing a member: its first frame is sent at once."""
        self._members.add(member)
        self._send(member, 1)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time() + FRAME_SECONDS
            self._timer = loop.call_at(self._due, self._tick)

    def remove(self, member: Paced) -> None:
        """Stop pacing a member. Idempotent."""
        self._members.discard(member)

    def _tick(self) -> None:
        if not self._members:
            self._timer = None
            return
        loop = asyncio.get_running_loop()
        late = loop.time() - self._due
        self.worst_lateness_seconds = max(self.worst_lateness_seconds, late)
        frames = 1 + int(late / FRAME_SECONDS)
        if (
            frames >= MAX_FRAMES_AT_ONCE
        ):  # begin anew: the next tick of the old schedule is too soon
            frames = MAX_FRAMES_AT_ONCE
            self._due = loop.time() + FRAME_SECONDS
        else:
            self._due += frames * FRAME_SECONDS
        self._timer = loop.call_at(self._due, self._tick)
        for member in tuple(self._members):
            self._send(member, frames)

    def _send(self, member: Paced, frames: int) -> None:
        """The boundary of one member: the clock of all others must not stop for its fault."""
        try:
            member.send_frames(frames)
        except Exception:  # noqa: BLE001  (the one place)
            _log.exception("a caller's audio is paced no more: a fault of ours")
            self.remove(member)
