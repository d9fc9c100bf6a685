"""What callers in these tests do, and what is known of their calls afterwards."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import aclosing
from dataclasses import dataclass

from ivr.ports import EventKind
from ivr.store.records import StoredEvent
from sternik.rehearsal import NUMBER, Rehearsal
from sternik.softphone import Softphone
from sternik.softphone.call import Call

_numbers = itertools.count(100)


@dataclass(slots=True, kw_only=True)
class Caller:
    """One caller on the line, and the log of what happens to the call."""

    call: Call
    number: str
    hotline: Rehearsal
    position: int

    async def until(self, kind: EventKind, *, seconds: float = 30.0) -> StoredEvent:
        """The call's first event of this kind; raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            return (await self._events_until(kind))[-1]

    async def story_until(self, kind: EventKind, *, seconds: float = 30.0) -> list[StoredEvent]:
        """All the call's events up to the first of this kind."""
        async with asyncio.timeout(seconds):
            return await self._events_until(kind)

    async def _events_until(self, kind: EventKind) -> list[StoredEvent]:
        mine: list[StoredEvent] = []
        interaction = None
        async with aclosing(self.hotline.store.event_log.follow(self.position)) as events:
            async for event in events:
                if event.kind == EventKind.CALL_STARTED and self._is_mine(event):
                    interaction = event.interaction_id
                if event.interaction_id == interaction:
                    mine.append(event)
                    if event.kind == kind:
                        return mine
        raise AssertionError("the event log ended")

    def _is_mine(self, event: StoredEvent) -> bool:
        return str(event.data["pii_caller_number"]).endswith(self.number[-3:])

    async def hear_prompt_begin(self, *, after_seconds: float = 0.0) -> float:
        """Wait for the next sound from the hotline; returns when it came (monotonic seconds)."""
        return await self.call.received.wait_for_sound(after_seconds, 15.0)

    async def hear_question_out(self) -> None:
        """Wait until the greeting has been said to its end."""
        began = await self.hear_prompt_begin()
        await self.call.received.wait_for_silence(400, 15.0, after_seconds=began)

    async def say(self, speech: bytes) -> float:
        """Speak; returns when the last sample was sent (monotonic seconds)."""
        return await self.call.play(speech).finished


async def ring(phone: Softphone, hotline: Rehearsal, *, send_silence: bool = True) -> Caller:
    """Call the hotline from a number of its own and wait for the answer."""
    number = f"+48600111{next(_numbers):03d}"
    position = await hotline.store.event_log.last_position()
    call = await phone.call(
        NUMBER,
        to_host=hotline.settings.sip_host,
        to_port=hotline.settings.sip_port,
        caller_number=number,
        send_silence=send_silence,
        answer_timeout_seconds=10.0,
    )
    return Caller(call=call, number=number, hotline=hotline, position=position)
