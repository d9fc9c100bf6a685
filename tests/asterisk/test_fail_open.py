"""Whatever ends Sternik under a call, the caller reaches a person."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from ivr.ports import EventKind
from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal.hotline import Rehearsal
from sternik.softphone import Softphone
from tests.asterisk.asterisk_events import AsteriskEvent, AsteriskEvents, asterisk_events
from tests.asterisk.callers import Caller, ring, speech_of
from tests.asterisk.conftest import hotline_with_own_prompts
from tests.asterisk.figures import report_seconds
from tests.asterisk.recognisers import recognisers_of, until_heard_again
from tests.asterisk.rescues import (
    ALL_FROZEN,
    LIMIT_SECONDS,
    LONG_SPEECH,
    SCENARIOS,
    Scenario,
    lengthen_connecting_prompt,
    prove,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLERS = 5
SENTENCE, QUEUE = "has the payment i made to my landlord gone through yet", "payments"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fragile(
    programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> AsyncIterator[Rehearsal]:
    async with hotline_with_own_prompts(short_folder / "fragile", programs) as hotline:
        lengthen_connecting_prompt(hotline.settings.prompts_folder)
        yield hotline


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_callers_are_in_the_static_menu_in_time_and_reach_an_agent(
    fragile: Rehearsal, scenario: Scenario
) -> None:
    await prove(fragile, scenario, callers=CALLERS)


async def test_static_menu_is_read_again_after_a_wrong_key_and_then_gives_a_person(
    fragile: Rehearsal,
) -> None:
    await fragile.server.kill()
    try:
        async with Softphone() as phone, asterisk_events(fragile) as events:
            better, worse = await asyncio.gather(ring(phone, fragile), ring(phone, fragile))
            for caller, keys in ((better, "#6"), (worse, "##")):
                await caller.press(keys[0])
                await _menu_read(events, caller, times=2)
                await caller.press(keys[1])
            assert await events.queue_of_answer(better.number, seconds=10.0) == "mortgages"
            assert await events.queue_of_answer(worse.number, seconds=10.0) == "consultants"
    finally:
        await fragile.server.start()


async def _menu_read(events: AsteriskEvents, caller: Caller, *, times: int) -> None:
    """Wait until Asterisk begins to play its menu to the caller for the second time, say."""
    begun: set[float] = set()

    def begins(event: AsteriskEvent) -> bool:
        if event.is_of(caller.number) and event.fields.get("Application") == "BackGround":
            begun.add(event.at_seconds)
        return len(begun) == times

    await events.first(begins, seconds=10.0)


async def test_new_worker_steers_the_next_call(fragile: Rehearsal) -> None:
    (old,) = fragile.server.worker_pids
    began = time.monotonic()
    await _kill_and_wait(old)
    await fragile.server.wait_ready()
    report_seconds("worker killed, until calls are steered again", [time.monotonic() - began])
    assert await _answered_from(fragile) == QUEUE


async def test_callers_reach_the_default_queue_at_the_limit_when_all_is_frozen(
    programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> None:
    async with hotline_with_own_prompts(
        short_folder / "frozen", programs, steering_limit_seconds=LIMIT_SECONDS
    ) as hotline:
        await prove(hotline, ALL_FROZEN, callers=CALLERS)


async def test_lost_recogniser_leaves_the_caller_the_keys_and_the_next_one_is_heard(
    fragile: Rehearsal,
) -> None:
    async with Softphone() as phone:
        caller = await ring(phone, fragile)
        await caller.hear_prompt_begin()
        caller.call.play(await speech_of(LONG_SPEECH, fragile))
        await caller.until(EventKind.WORDS_HEARD)
        struck_at = time.monotonic()
        for recogniser in recognisers_of(fragile):
            recogniser.kill()
        await caller.until(EventKind.RECOGNISER_LOST)
        report_seconds("recogniser killed, until the call knows", [time.monotonic() - struck_at])
        caller.call.stop_playing()
        await caller.press("3")
        connected = await caller.until(EventKind.AGENT_CONNECTED)
        assert connected.data["queue"] == "accounts"
        await caller.call.hang_up()
        await until_heard_again(phone, fragile)
    report_seconds(
        "recogniser killed, until callers are heard again", [time.monotonic() - struck_at]
    )
    assert await _answered_from(fragile) == QUEUE


async def _answered_from(hotline: Rehearsal) -> str:
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_question_out()
        await caller.say(await speech_of(SENTENCE, hotline))
        queue = str((await caller.until(EventKind.AGENT_CONNECTED)).data["queue"])
        await caller.call.hang_up()
    return queue


async def _kill_and_wait(pid: int) -> None:
    process = psutil.Process(pid)
    process.kill()
    await asyncio.to_thread(process.wait, 5.0)
