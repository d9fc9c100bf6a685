"""Callers who are brought to some moment of their call, where the server is struck, and their rescue."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import wave
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import psutil

from ivr.ports import EventKind
from sternik.rehearsal.hotline import Rehearsal
from sternik.softphone import Softphone
from tests.asterisk.asterisk_events import (
    QUEUES,
    STATIC_MENU,
    AsteriskEvents,
    asterisk_events,
    until_no_channel_is_left,
)
from tests.asterisk.callers import Caller, all_reach, ring, speech_of
from tests.asterisk.figures import report_seconds

KEY, QUEUE_OF_KEY = "6", "mortgages"
DEFAULT_QUEUE = "consultants"
ANNOUNCED_TIMES = 5
# Long without a pause: nobody has finished it when the last caller's speech is noticed.
LONG_SPEECH = (
    "good morning i would like to ask you something about the thing that i heard yesterday from "
    "my neighbour who also has an account with you and told me a very long story about it"
)
QUICKLY_DECIDED = "someone stole my card please block it"
_BROUGHT_SECONDS = 30.0


class Moment(StrEnum):
    """Where callers are when the server is struck."""

    BEFORE_THE_CALL = "before the call"
    GREETING = "during the greeting"
    SPEECH = "during speech"
    DECISION = "at the decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """What became of one caller.

    `after_seconds` is from the strike (or the answer, for who rang later, and where the limit counts
    from it) to the static menu or a queue; `answered_from` is the queue whose agent answered.
    """

    after_seconds: float
    context: str
    answered_from: str


Strike = Callable[[], Awaitable[None]]


async def _rescues(
    hotline: Rehearsal, *, moment: Moment, callers: int, strike: Strike, seconds: float
) -> list[Rescue]:
    """Bring so many callers side by side to the moment, strike, and follow each to an agent.

    Raises `TimeoutError` for a caller who is nowhere after `seconds`.
    """
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(Softphone())
        events = await stack.enter_async_context(asterisk_events(hotline))
        if moment is Moment.BEFORE_THE_CALL:
            await strike()
        calling = [ring(phone, hotline) for _ in range(callers)]
        line = await asyncio.gather(*calling)
        struck_at = 0.0
        if moment is not Moment.BEFORE_THE_CALL:
            await _bring(line, moment)
            struck_at = time.monotonic()
            await strike()
        rescued = await asyncio.gather(
            *(_rescue(caller, events, struck_at, seconds) for caller in line)
        )
    await until_no_channel_is_left(hotline)
    return rescued


async def _bring(callers: Sequence[Caller], moment: Moment) -> None:
    await asyncio.gather(*(caller.hear_prompt_begin() for caller in callers))
    if moment is Moment.GREETING:
        return
    speaking = moment is Moment.SPEECH
    speech = await speech_of(LONG_SPEECH if speaking else QUICKLY_DECIDED, callers[0].hotline)
    for caller in callers:
        caller.call.play(speech)
    kind = EventKind.WORDS_HEARD if speaking else EventKind.DECISION_MADE
    await all_reach(callers, kind, seconds=_BROUGHT_SECONDS)


async def _rescue(
    caller: Caller, events: AsteriskEvents, struck_at: float, seconds: float
) -> Rescue:
    left = await events.leaves_steering(caller.number, seconds=seconds + 10.0)
    answered_at = caller.call.answered_at_seconds
    assert answered_at is not None
    context = left.fields["Context"]
    if context == STATIC_MENU:
        await caller.hear_prompt_begin(after_seconds=left.at_seconds + 0.1)
        caller.call.stop_playing()
        await caller.press(KEY)
    queue = await events.queue_of_answer(caller.number, seconds=20.0)
    await caller.call.hang_up()
    return Rescue(
        after_seconds=left.at_seconds - max(struck_at, answered_at),
        context=context,
        answered_from=queue,
    )


# --- strikes ------------------------------------------------------------------------------------------


async def end_server(hotline: Rehearsal) -> None:
    """SIGKILL to parent and worker."""
    await hotline.server.kill()


async def end_worker(hotline: Rehearsal) -> None:
    """SIGKILL to the worker alone."""
    (worker,) = hotline.server.worker_pids
    os.kill(worker, signal.SIGKILL)


async def freeze_worker(hotline: Rehearsal) -> None:
    """SIGSTOP to the worker alone."""
    (worker,) = hotline.server.worker_pids
    os.kill(worker, signal.SIGSTOP)


async def freeze_server(hotline: Rehearsal) -> None:
    """SIGSTOP to parent and worker: nobody is left who could notice."""
    hotline.server.send(signal.SIGSTOP)


# --- scenarios ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Callers at a moment, what strikes the server then, and the promise.

    `context` is where the dialplan goes on with the callers; from the queues' context they need not
    press anything.
    """

    name: str
    moment: Moment
    strike: Callable[[Rehearsal], Awaitable[None]]
    within_seconds: float
    context: str = STATIC_MENU

    @property
    def most_at_once(self) -> int:
        """How many can be on the line together: two cores hear only so many who speak in chorus."""
        return 6 if self.moment in (Moment.SPEECH, Moment.DECISION) else 20


KILLED_SECONDS = 2.0
FROZEN_SECONDS = 4.0
LIMIT_SECONDS = 12
"""`steering_limit_seconds` of the hotline on which everything is frozen."""

SCENARIOS = (
    *(
        Scenario(
            name=f"server killed {moment}",
            moment=moment,
            strike=end_server,
            within_seconds=KILLED_SECONDS,
        )
        for moment in Moment
    ),
    Scenario(
        name="worker killed during speech",
        moment=Moment.SPEECH,
        strike=end_worker,
        within_seconds=KILLED_SECONDS,
    ),
    Scenario(
        name="worker frozen during speech",
        moment=Moment.SPEECH,
        strike=freeze_worker,
        within_seconds=FROZEN_SECONDS,
    ),
)
ALL_FROZEN = Scenario(
    name=f"parent and worker frozen during the greeting, limit {LIMIT_SECONDS} s",
    moment=Moment.GREETING,
    strike=freeze_server,
    within_seconds=LIMIT_SECONDS + 1.0,
    context=QUEUES,
)


async def prove(hotline: Rehearsal, scenario: Scenario, *, callers: int) -> None:
    """Live through the scenario with so many callers, some at once; fail for anybody not rescued.

    The hotline's server runs afterwards, and steers again.
    """
    rescued: list[Rescue] = []
    while len(rescued) < callers:
        rescued += await _rescues(
            hotline,
            moment=scenario.moment,
            callers=min(scenario.most_at_once, callers - len(rescued)),
            strike=partial(scenario.strike, hotline),
            seconds=scenario.within_seconds,
        )
        await _mend(hotline)
    report_seconds(scenario.name, [rescue.after_seconds for rescue in rescued])
    expected = QUEUE_OF_KEY if scenario.context == STATIC_MENU else DEFAULT_QUEUE
    lost = [
        rescue
        for rescue in rescued
        if (rescue.context, rescue.answered_from) != (scenario.context, expected)
    ]
    assert not lost
    late = [rescue for rescue in rescued if rescue.after_seconds > scenario.within_seconds]
    assert not late


async def _mend(hotline: Rehearsal) -> None:
    if _is_frozen(hotline):
        await hotline.server.kill()
    if not hotline.server.is_running:
        await hotline.server.start()
    await hotline.server.wait_ready()


def _is_frozen(hotline: Rehearsal) -> bool:
    server = hotline.server
    return server.is_running and psutil.Process(server.parent_pid).status() == psutil.STATUS_STOPPED


def lengthen_connecting_prompt(prompts_folder: Path) -> None:
    """Make the announcement after a decision so long that all callers hear it at the same time."""
    path = prompts_folder / "en" / "connecting_cards_urgent.wav"
    with wave.open(str(path), "rb") as prompt:
        parameters, frames = prompt.getparams(), prompt.readframes(prompt.getnframes())
    with wave.open(str(path), "wb") as prompt:
        prompt.setparams(parameters)
        prompt.writeframes(frames * ANNOUNCED_TIMES)
