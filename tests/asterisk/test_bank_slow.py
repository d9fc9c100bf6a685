"""Sixty calls about what a bank's hotline is asked, each judged by the intent that is on record.

The sentences and what they ask for were written before any model heard them. They are in no corpus.
A caller who meets recognisers with no time for them (a busy machine; other tests look after that)
rings again.
"""

from __future__ import annotations

import asyncio
import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivr.ports import EventKind
from ivr.steering.dialogue_states import DecisionKind
from ivr.steering.intents import OUT_OF_SCOPE
from ivr.store.records import StoredEvent
from sternik.rehearsal.hotline import Rehearsal
from sternik.softphone import Softphone
from sternik.voices.callers import CallerVoice
from tests.asterisk import figures
from tests.asterisk.callers import ring, speech_of

SENTENCES = Path(__file__).parent / "spoken" / "bank.csv"
AT_ONCE = 2
RINGS = 6
MUST_BE_RIGHT = 52


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    name: str
    voice: CallerVoice
    text: str
    intent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the call's record says of its sentence."""

    sentence: Sentence
    heard: str
    intent: str | None
    kind: str
    reasons: str

    @property
    def listened(self) -> bool:
        """Whether a recogniser had time for the call: else it goes to the keys at once."""
        return self.kind != DecisionKind.OFFER_KEYS

    @property
    def routed(self) -> bool:
        return self.kind == DecisionKind.ROUTE_BY_SPEECH

    @property
    def is_right(self) -> bool:
        """Routed by the intent that was expected; out of scope: heard, and not routed."""
        if self.sentence.intent == OUT_OF_SCOPE:
            return self.listened and not self.routed
        return self.routed and self.intent == self.sentence.intent

    def __str__(self) -> str:
        return (
            f"{self.sentence.name} {self.sentence.text!r} by {self.sentence.voice}, heard as "
            f"{self.heard!r}: not {self.sentence.intent} but {self.intent} ({self.kind}: {self.reasons})"
        )


def sentences() -> list[Sentence]:
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        return [
            Sentence(
                name=row["id"],
                voice=CallerVoice(row["voice"]),
                text=row["text"],
                intent=row["intent"],
            )
            for row in csv.DictReader(file)
        ]


async def outcome_of(hotline: Rehearsal, sentence: Sentence) -> Outcome:
    """Say it to the hotline; what was decided upon it."""
    speech = await speech_of(sentence.text, hotline, sentence.voice)
    for _ in range(RINGS):
        outcome = await _one_call(hotline, sentence, speech)
        if outcome.listened:
            break
    return outcome


async def _one_call(hotline: Rehearsal, sentence: Sentence, speech: bytes) -> Outcome:
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_question_out()
        await caller.say(speech)
        story = await caller.story_until(EventKind.DECISION_MADE)
        await caller.call.hang_up()
    return _outcome(sentence, story)


def _outcome(sentence: Sentence, story: list[StoredEvent]) -> Outcome:
    heard = [event for event in story if event.kind == EventKind.UTTERANCE_ENDED]
    decision = story[-1].data
    return Outcome(
        sentence=sentence,
        heard=str(heard[-1].data["pii_words"]) if heard else "",
        intent=None if decision["intent"] is None else str(decision["intent"]),
        kind=str(decision["kind"]),
        reasons="; ".join(decision["reasons"]),  # type: ignore[arg-type]
    )


def test_sixty_sentences_ask_for_all_thirty_intents_in_four_voices() -> None:
    given = sentences()
    assert len({sentence.text for sentence in given}) == 60
    assert len({sentence.intent for sentence in given}) == 30
    assert {sentence.voice for sentence in given} == set(CallerVoice)


@pytest.mark.timeout(1200)
@pytest.mark.asyncio(loop_scope="session")
async def test_fifty_two_of_sixty_calls_are_steered_by_their_intent(hotline: Rehearsal) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def place(sentence: Sentence) -> Outcome:
        async with room:
            return await outcome_of(hotline, sentence)

    outcomes = await asyncio.gather(*map(place, sentences()))
    wrong = [str(outcome) for outcome in outcomes if not outcome.is_right]
    right = len(outcomes) - len(wrong)
    figures.measured.append(f"{right} of {len(outcomes)} calls steered by their intent")
    assert right >= MUST_BE_RIGHT, f"only {right} are right:\n" + "\n".join(wrong)
