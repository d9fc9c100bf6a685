"""What callers in these tests do, and what is known of their calls afterwards."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from ivr.ports import EventKind
from ivr.store.records import StoredEvent
from sternik.rehearsal.hotline import NUMBER, Rehearsal
from sternik.softphone import Softphone
from sternik.softphone.call import Call
from sternik.voices.callers import CallerVoice, speak_as_caller
from sternik.voices.prompts import prompts_voice

_numbers = itertools.count(100)
_WITHHELD = "anonymous"


@dataclass(slots=True, kw_only=True)
class Caller:
    """One caller on the line, and the log of what happens to the call."""

    call: Call
    number: str
    hotline: Rehearsal
    position: int

    async def until(self, kind: EventKind, *, seconds: float = 30.0, **data: object) -> StoredEvent:
        """The call's first event of this kind, with this data; raises `TimeoutError`."""
        return (await self.story_until(kind, seconds=seconds, **data))[-1]

    async def story_until(
        self, kind: EventKind, *, seconds: float = 30.0, **data: object
    ) -> list[StoredEvent]:
        """All the call's events up to the first of this kind, with this data."""
        mine: list[StoredEvent] = []
        try:
            async with asyncio.timeout(seconds):
                await self._take_events_until(kind, data, mine)
        except TimeoutError as error:
            story = "\n".join(f"  {event.kind} {dict(event.data)}" for event in mine)
            raise TimeoutError(f"no {kind} {data} within {seconds} s:\n{story}") from error
        return mine

    async def _take_events_until(
        self, kind: EventKind, data: Mapping[str, object], mine: list[StoredEvent]
    ) -> None:
        interaction = None
        async with aclosing(self.hotline.store.event_log.follow(self.position)) as events:
            async for event in events:
                if event.kind == EventKind.CALL_STARTED and self._is_mine(event):
                    interaction = event.interaction_id
                if event.interaction_id == interaction:
                    mine.append(event)
                    if event.kind == kind and data.items() <= event.data.items():
                        return
        raise AssertionError("the event log ended")

    def _is_mine(self, event: StoredEvent) -> bool:
        shown = event.data["pii_caller_number"]
        if self.number == _WITHHELD:
            return shown is None
        return str(shown).endswith(self.number[-3:])

    async def hear_prompt_begin(self, *, after_seconds: float = 0.0) -> float:
        """Wait for the next sound from the hotline; returns when it came (monotonic seconds)."""
        return await self.call.received.wait_for_sound(after_seconds, 15.0)

    async def hear_question_out(self) -> None:
        """Wait until the greeting has been said to its end."""
        began = await self.hear_prompt_begin()
        await self.call.received.wait_for_silence(400, 15.0, after_seconds=began)

    async def press(self, keys: str) -> None:
        """Press keys, one after another."""
        await self.call.press(keys)

    async def say(self, speech: bytes) -> float:
        """Speak; returns when the last sample was sent (monotonic seconds)."""
        return await self.call.play(speech).finished


async def ring(
    phone: Softphone, hotline: Rehearsal, *, send_silence: bool = True, withheld: bool = False
) -> Caller:
    """Call the hotline from a number of its own, or a withheld one, and wait for the answer."""
    number = _WITHHELD if withheld else f"+48600111{next(_numbers):03d}"
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


async def all_reach(callers: Collection[Caller], kind: EventKind, *, seconds: float) -> None:
    """Wait until each of these calls has had an event of this kind, with one look at the log."""
    missing = {caller.number for caller in callers}
    by_ending = {caller.number[-3:]: caller.number for caller in callers}
    number_of: dict[str, str] = {}
    hotline = next(iter(callers)).hotline
    position = min(caller.position for caller in callers)
    async with (
        asyncio.timeout(seconds),
        aclosing(hotline.store.event_log.follow(position)) as events,
    ):
        async for event in events:
            if event.kind == EventKind.CALL_STARTED:
                ending = str(event.data["pii_caller_number"])[-3:]
                number_of[event.interaction_id] = by_ending.get(ending, "")
            if event.kind == kind:
                missing.discard(number_of.get(event.interaction_id, ""))
            if not missing:
                return


async def speech_of(text: str, hotline: Rehearsal, voice: CallerVoice = CallerVoice.RMS) -> bytes:
    """What a caller says, as 8 kHz PCM."""
    prompts = prompts_voice(_prompts_of(hotline))
    return await asyncio.to_thread(speak_as_caller, text, voice=voice, prompts_voice=prompts)


def _prompts_of(hotline: Rehearsal) -> Path:
    return hotline.settings.prompts_folder / hotline.settings.language


def monotonic_seconds(event: StoredEvent) -> float:
    """When the event happened, on the clock of the phones' packets."""
    return event.at_seconds - time.time() + time.monotonic()
