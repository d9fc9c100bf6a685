from __future__ import annotations

import asyncio
import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivr.ports import EventKind
from sternik.rehearsal.demonstration import EXPECTED_QUEUE, SENTENCE
from sternik.rehearsal.hotline import Rehearsal
from sternik.softphone import Softphone
from sternik.voices.callers import CallerVoice
from tests.asterisk.callers import ring, speech_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELD_OUT = Path(__file__).parent / "spoken" / "held_out.csv"
AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    voice: CallerVoice
    text: str
    queue: str


def held_out() -> list[Sentence]:
    with HELD_OUT.open(encoding="utf-8", newline="") as file:
        return [
            Sentence(voice=CallerVoice(row["voice"]), text=row["text"], queue=row["queue"])
            for row in csv.DictReader(file)
        ]


async def answered_from(hotline: Rehearsal, sentence: Sentence) -> str:
    """Say it to the hotline, by repeating it if asked to; the queue whose agent answered."""
    speech = await speech_of(sentence.text, hotline, sentence.voice)
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_question_out()
        await caller.say(speech)
        event = await caller.until(EventKind.AGENT_CONNECTED, seconds=60.0)
        await caller.call.hang_up()
    return str(event.data["queue"])


async def test_demonstration_sentence_is_answered_from_its_queue(hotline: Rehearsal) -> None:
    sentence = Sentence(voice=CallerVoice.RMS, text=SENTENCE, queue=EXPECTED_QUEUE)
    assert await answered_from(hotline, sentence) == EXPECTED_QUEUE


async def test_eighteen_of_twenty_held_out_sentences_reach_their_queue(hotline: Rehearsal) -> None:
    sentences = held_out()
    assert len(sentences) == 20
    assert len({sentence.voice for sentence in sentences}) >= 3
    room = asyncio.Semaphore(AT_ONCE)

    async def place(sentence: Sentence) -> str:
        async with room:
            return await answered_from(hotline, sentence)

    queues = await asyncio.gather(*map(place, sentences))
    wrong = [
        f"{sentence.text!r} by {sentence.voice} went to {queue}, not to {sentence.queue}"
        for sentence, queue in zip(sentences, queues, strict=True)
        if queue != sentence.queue
    ]
    assert len(wrong) <= 2, "\n".join(wrong)
