"""Recognisers that are killed, frozen or too slow under callers who speak, and what becomes of these."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import psutil

from ivr.ports import EventKind
from sternik.rehearsal.hotline import Rehearsal
from sternik.softphone import Softphone
from tests.asterisk.asterisk_events import until_no_channel_is_left
from tests.asterisk.callers import Caller, all_reach, ring, speech_of
from tests.asterisk.figures import report_seconds
from tests.asterisk.korean_site import LANGUAGE, speak_korean
from tests.asterisk.recognisers import recognisers_of, until_heard_again
from tests.asterisk.rescues import LONG_SPEECH

KILLED_SECONDS = 2.0
FROZEN_SECONDS = 3.0
"""A process that gives no answer for a second counts as hung."""
SLOW_SECONDS = 5.0
"""Whoever rings then is refused a recogniser at once, or loses it to the same rule as the others."""
AT_ONCE = 4
# The menus of both hotlines have it.
KEY, QUEUE_OF_KEY = "8", "currency"
_LONG_KOREAN = " ".join(["여행자 보험 가입"] * 6)
# A twentieth of a machine: it answers, but comes behind whoever speaks.
_STOPPED_SECONDS, _RUNNING_SECONDS = 0.285, 0.015
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EarsStrike:
    """What is done to the recognisers, and how soon each call has to know."""

    name: str
    number: signal.Signals
    within_seconds: float


STRIKES = (
    EarsStrike(name="killed", number=signal.SIGKILL, within_seconds=KILLED_SECONDS),
    EarsStrike(name="frozen", number=signal.SIGSTOP, within_seconds=FROZEN_SECONDS),
)


async def prove_keys_follow(hotline: Rehearsal, strike: EarsStrike, *, callers: int) -> None:
    """Strike while so many speak, a few at once; each goes on with keys, and later ones are heard."""
    known: list[float] = []
    heard_again: list[float] = []
    engine = ""
    while len(known) < callers:
        async with Softphone() as phone:
            line = await _speaking(phone, hotline, min(AT_ONCE, callers - len(known)))
            struck_at = time.monotonic()
            for process in recognisers_of(hotline):
                process.send_signal(strike.number)
            await all_reach(line, EventKind.RECOGNISER_LOST, seconds=strike.within_seconds + 5.0)
            known += [await _lost_after(caller, struck_at) for caller in line]
            await asyncio.gather(*(_choose_by_key(caller) for caller in line))
            engine = str((await line[0].until(EventKind.CALL_STARTED)).data["engine"])
            await until_heard_again(phone, hotline)
            heard_again.append(time.monotonic() - struck_at)
        await until_no_channel_is_left(hotline)
    report_seconds(f"{engine} {strike.name}, until the call knows", known)
    report_seconds(f"{engine} {strike.name}, until callers are heard again", heard_again)
    assert max(known) <= strike.within_seconds


async def prove_slow_ears_shed(hotline: Rehearsal) -> None:
    """Slow the recognisers down under speech: some are shed to keys, and so are those who ring then."""
    async with Softphone() as phone:
        line = await _speaking(phone, hotline, AT_ONCE)
        async with _slowed_down(hotline):
            await _first(line, lambda caller: caller.until(EventKind.RECOGNISER_LOST, seconds=20.0))
            rang_at = time.monotonic()
            late = await ring(phone, hotline)
            await late.until(EventKind.PROMPT_STARTED, prompt="menu", seconds=SLOW_SECONDS)
            report_seconds(
                "recognisers too slow: from ringing to the keys", [time.monotonic() - rang_at]
            )
            await _choose_by_key(late)
        for caller in line:
            await caller.call.hang_up()
        await until_heard_again(phone, hotline)
    await until_no_channel_is_left(hotline)


async def _speaking(phone: Softphone, hotline: Rehearsal, callers: int) -> list[Caller]:
    line = await asyncio.gather(*(ring(phone, hotline) for _ in range(callers)))
    await asyncio.gather(*(caller.hear_prompt_begin() for caller in line))
    speech = await _long_speech(hotline)
    for caller in line:
        caller.call.play(speech)
    await all_reach(line, EventKind.WORDS_HEARD, seconds=20.0)
    return list(line)


async def _long_speech(hotline: Rehearsal) -> bytes:
    if hotline.settings.language == LANGUAGE:
        return await asyncio.to_thread(speak_korean, _LONG_KOREAN)
    return await speech_of(LONG_SPEECH, hotline)


async def _lost_after(caller: Caller, struck_at: float) -> float:
    lost = await caller.until(EventKind.RECOGNISER_LOST)
    return lost.at_seconds - time.time() + time.monotonic() - struck_at


async def _choose_by_key(caller: Caller) -> None:
    caller.call.stop_playing()
    await caller.press(KEY)
    connected = await caller.until(EventKind.AGENT_CONNECTED, seconds=_ANSWER_SECONDS)
    await caller.call.hang_up()
    assert connected.data["queue"] == QUEUE_OF_KEY


async def _first(line: list[Caller], wait: Callable[[Caller], Awaitable[object]]) -> None:
    waiting = [asyncio.ensure_future(wait(caller)) for caller in line]
    done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.wait(waiting)
    for task in done:
        task.result()


@asynccontextmanager
async def _slowed_down(hotline: Rehearsal) -> AsyncIterator[None]:
    """Let the recognisers run for a twentieth of the time: what a machine too small for them does."""
    slowing = asyncio.create_task(_slow_down(hotline))
    try:
        yield
    finally:
        slowing.cancel()
        await asyncio.wait({slowing})
        _signal_all(hotline, signal.SIGCONT)


async def _slow_down(hotline: Rehearsal) -> None:
    while True:
        _signal_all(hotline, signal.SIGSTOP)
        await asyncio.sleep(_STOPPED_SECONDS)
        _signal_all(hotline, signal.SIGCONT)
        await asyncio.sleep(_RUNNING_SECONDS)


def _signal_all(hotline: Rehearsal, number: signal.Signals) -> None:
    for process in recognisers_of(hotline):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
