"""What callers may do on the line, on the real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.ports import EventKind
from ivr.steering.masking import mask_digits
from ivr.store.records import StoredEvent
from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal.hotline import Rehearsal
from sternik.softphone import Softphone
from sternik.voices.callers import CallerVoice
from tests.asterisk.asterisk_events import until_no_channel_is_left
from tests.asterisk.callers import Caller, monotonic_seconds, ring, speech_of
from tests.asterisk.conftest import hotline_in
from tests.asterisk.figures import report_seconds

pytestmark = pytest.mark.asyncio(loop_scope="session")

CARD_STOLEN = "someone stole my card please block it"
OFF_TOPIC = "i would like to order a pizza with extra cheese and mushrooms"
# Two packets on their way, and two that Asterisk and the machine may hold.
SILENT_WITHIN_SECONDS = 0.2
TOGETHER = 10


@pytest.fixture(autouse=True)
async def _nothing_is_left(hotline: Rehearsal) -> AsyncIterator[None]:
    yield
    await until_no_channel_is_left(hotline)


async def answered_from(caller: Caller, *, seconds: float = 30.0) -> str:
    """The queue whose agent answered; the caller hangs up then."""
    connected = await caller.until(EventKind.AGENT_CONNECTED, seconds=seconds)
    await caller.call.hang_up()
    return str(connected.data["queue"])


def of_kind(story: Sequence[StoredEvent], kind: EventKind) -> list[StoredEvent]:
    return [event for event in story if event.kind == kind]


def prompts_of(story: Sequence[StoredEvent]) -> list[str]:
    return [str(event.data["prompt"]) for event in of_kind(story, EventKind.PROMPT_STARTED)]


# --- talking and pressing over the greeting -------------------------------------------------------


async def test_caller_who_talks_over_the_greeting_silences_it_and_is_steered(
    hotline: Rehearsal,
) -> None:
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_prompt_begin()
        caller.call.play(await speech_of(CARD_STOLEN, hotline))
        stopped = await caller.until(EventKind.PROMPT_STOPPED)
        story = await caller.story_until(EventKind.AGENT_CONNECTED)
        await caller.call.hang_up()
    assert stopped.data == {"prompt": "greeting", "reason": "the caller spoke"}
    assert story[-1].data["queue"] == "cards-urgent"
    _, announced = of_kind(story, EventKind.PROMPT_STARTED)
    stopped_at, announced_at = monotonic_seconds(stopped), monotonic_seconds(announced)
    last_sound_at = caller.call.received.last_sound_before(announced_at)
    assert last_sound_at is not None
    assert stopped_at + SILENT_WITHIN_SECONDS < announced_at
    report_seconds("from recognised words to the prompt's last sound", [last_sound_at - stopped_at])
    assert last_sound_at - stopped_at < SILENT_WITHIN_SECONDS


@pytest.mark.parametrize(("key", "queue"), [("0", "consultants"), ("8", "currency")])
async def test_key_during_the_greeting_is_the_menus_choice(
    hotline: Rehearsal, key: str, queue: str
) -> None:
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_prompt_begin()
        await caller.press(key)
        story = await caller.story_until(EventKind.AGENT_CONNECTED)
        await caller.call.hang_up()
    assert story[-1].data["queue"] == queue
    stopped = of_kind(story, EventKind.PROMPT_STOPPED)[0]
    assert stopped.data["prompt"] == "greeting"
    assert stopped.data["reason"] != "finished"


async def test_caller_who_asks_for_a_consultant_gets_one(hotline: Rehearsal) -> None:
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_question_out()
        await caller.say(await speech_of("let me talk to a consultant", hotline))
        assert await answered_from(caller) == "consultants"


# --- not understood, not heard --------------------------------------------------------------------


async def test_caller_who_is_silent_or_muted_or_not_understood_is_led_to_a_person(
    hotline: Rehearsal,
) -> None:
    async with Softphone() as phone, asyncio.TaskGroup() as callers:
        callers.create_task(_silent_to_the_end(phone, hotline))
        callers.create_task(_silent_but_for_a_key(phone, hotline))
        callers.create_task(_not_understood_twice(phone, hotline))


async def _silent_to_the_end(phone: Softphone, hotline: Rehearsal) -> None:
    caller = await ring(phone, hotline)
    story = await caller.story_until(EventKind.AGENT_CONNECTED, seconds=110.0)
    await caller.call.hang_up()
    assert prompts_of(story)[:3] == ["greeting", "repeat_no_input", "menu"]
    assert len(of_kind(story, EventKind.NO_INPUT)) == 2
    assert story[-1].data["queue"] == "consultants"


async def _silent_but_for_a_key(phone: Softphone, hotline: Rehearsal) -> None:
    """A muted phone sends no packets at all until a key is pressed."""
    caller = await ring(phone, hotline, send_silence=False)
    story = await caller.story_until(EventKind.PROMPT_STARTED, seconds=60.0, prompt="menu")
    assert prompts_of(story)[:2] == ["greeting", "repeat_no_input"]
    assert len(of_kind(story, EventKind.NO_INPUT)) == 2
    await caller.press("2")
    assert await answered_from(caller) == "cards"


async def _not_understood_twice(phone: Softphone, hotline: Rehearsal) -> None:
    caller = await ring(phone, hotline)
    speech = await speech_of(OFF_TOPIC, hotline)
    await caller.hear_question_out()
    await caller.say(speech)
    await caller.until(EventKind.PROMPT_STOPPED, prompt="repeat_no_match")
    await caller.say(speech)
    await caller.until(EventKind.PROMPT_STARTED, prompt="menu")
    await caller.press("6")
    assert await answered_from(caller) == "mortgages"


async def test_caller_with_a_withheld_number_is_steered(hotline: Rehearsal) -> None:
    async with Softphone() as phone:
        caller = await ring(phone, hotline, withheld=True)
        await caller.hear_prompt_begin()
        await caller.press("2")
        assert await answered_from(caller) == "cards"
        started = await caller.until(EventKind.CALL_STARTED)
    assert started.data["pii_caller_number"] is None


async def test_ten_callers_at_once_are_all_steered_to_their_queue(hotline: Rehearsal) -> None:
    """Half of them talk over the greeting."""
    voices = (CallerVoice.SLT, CallerVoice.RMS)
    speeches = [await speech_of(CARD_STOLEN, hotline, voice) for voice in voices]

    async def place(phone: Softphone, number: int) -> str:
        caller = await ring(phone, hotline)
        await (caller.hear_question_out() if number % 2 else caller.hear_prompt_begin())
        await caller.say(speeches[number // 2 % len(speeches)])
        return await answered_from(caller, seconds=60.0)

    async with Softphone() as phone:
        queues = await asyncio.gather(*(place(phone, number) for number in range(TOGETHER)))
    assert queues == ["cards-urgent"] * TOGETHER


async def test_digits_that_a_caller_says_are_not_stored(hotline: Rehearsal) -> None:
    said = "nine one two three six five five one"
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_question_out()
        await caller.say(await speech_of(said, hotline))
        story = await caller.story_until(EventKind.UTTERANCE_ENDED)
        await caller.call.hang_up()
    stored = [str(event.data["pii_words"]) for event in story if "pii_words" in event.data]
    (turn,) = await hotline.store.calls.turns(story[0].interaction_id)
    assert "[number]" in stored[-1]
    assert "[number]" in str(turn.words)
    for words in (*stored, str(turn.words)):
        assert mask_digits(words, "en") == words


# --- hanging up -----------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def narrow(
    programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> AsyncIterator[Rehearsal]:
    """One recogniser for one caller, so that one not given back is missed; an agent who never answers."""
    overrides = {"recogniser_processes": 1, "sessions_per_process": 1}
    async with hotline_in(
        short_folder / "narrow", programs, overrides=overrides, agents=1, ring_seconds=600.0
    ) as hotline:
        yield hotline


async def _ring_and_be_greeted(phone: Softphone, hotline: Rehearsal) -> Caller:
    caller = await ring(phone, hotline)
    await caller.until(EventKind.PROMPT_STARTED, prompt="greeting")
    await caller.hear_prompt_begin()
    return caller


async def _in_greeting(caller: Caller) -> None:
    """Nothing more to do."""


async def _while_speaking(caller: Caller) -> None:
    caller.call.play(await speech_of(CARD_STOLEN, caller.hotline))
    await caller.until(EventKind.WORDS_HEARD)


async def _in_connecting_prompt(caller: Caller) -> None:
    await caller.press("0")
    await caller.until(EventKind.PROMPT_STARTED, prompt="connecting_consultants")


async def _in_queue(caller: Caller) -> None:
    await caller.press("0")
    await caller.until(EventKind.QUEUE_JOINED)


@pytest.mark.parametrize(
    ("bring", "outcome"),
    [
        pytest.param(_in_greeting, "hung_up", id="during the greeting"),
        pytest.param(_while_speaking, "hung_up", id="while speaking"),
        pytest.param(_in_connecting_prompt, "hung_up", id="during the announcement"),
        pytest.param(_in_queue, "steered", id="while waiting in the queue"),
    ],
)
async def test_hanging_up_ends_the_call_and_gives_the_recogniser_back(
    narrow: Rehearsal, bring: Callable[[Caller], Awaitable[None]], outcome: str
) -> None:
    async with Softphone() as phone:
        caller = await _ring_and_be_greeted(phone, narrow)
        await bring(caller)
        await caller.call.hang_up()
        ended = await caller.until(EventKind.STEERING_ENDED)
        assert ended.data["outcome"] == outcome
        story = await caller.story_until(EventKind.CALL_ENDED)
        left = [event.data for event in of_kind(story, EventKind.QUEUE_LEFT)]
        waited = [{"queue": "consultants", "reason": "abandoned"}]
        assert left == (waited if outcome == "steered" else [])
        await until_no_channel_is_left(narrow)
        following = await _ring_and_be_greeted(phone, narrow)
        await following.call.hang_up()
        await following.until(EventKind.STEERING_ENDED)
