"""What is recorded of a call: under which keys, and how the timeline shows each kind of event."""

from __future__ import annotations

from ivr.asterisk.ami_events import read_event
from ivr.call.ears import Utterance, WordsChanged
from ivr.call.record import CallRecord
from ivr.ports import (
    CallEvent,
    EventKind,
    FinalWords,
    InteractionId,
    PartialWords,
    RecogniserDescription,
)
from ivr.steering.dialogue_states import Decision, DecisionKind
from ivr.steering.endpointing import Endpoint, EndpointReason
from ivr.steering.policy import PolicyVersion, QueueName, Thresholds
from ivr.steering.routing import Destination
from ivr.store.records import StoredEvent
from sternik.rehearsal.timeline import render
from tests.unit.machinery.test_ami_reader import ABANDONED, ANSWERED, HUNG_UP, JOINED
from tests.unit.steering.steering_examples import STOLEN, classified

WORDS = "my card four one one one was stolen"
NUMBER = "+48600123456"
CLASSIFICATION = classified(STOLEN, 0.9, 0.05)
DESTINATION = Destination(queue=QueueName("cards-urgent"), priority=10, reasons=("a rule",))
QUIET_ON_THE_TIMELINE = {EventKind.SPEECH_STARTED}


def utterance() -> Utterance:
    endpoint = Endpoint(
        reason=EndpointReason.SURE,
        at_ms=1000,
        silence_ms=220,
        voice_ms=600,
        words=WORDS,
        classification=CLASSIFICATION,
    )
    return Utterance(
        words=WORDS,
        classification=CLASSIFICATION,
        confidence=0.5,
        endpoint=endpoint,
        word_confidences=(0.5,) * len(WORDS.split()),
    )


def decision() -> Decision:
    return Decision(
        kind=DecisionKind.ROUTE_BY_SPEECH,
        reasons=("sure enough",),
        policy_version=PolicyVersion("test"),
        intent=STOLEN,
        classification=CLASSIFICATION,
        thresholds=Thresholds(probability=0.4, margin=0.1),
        destination=DESTINATION,
        words=WORDS,
    )


def everything() -> list[CallEvent]:
    """One event of every kind, made by those who make them."""
    events: list[CallEvent] = []

    class Journal:
        def record(self, event: CallEvent) -> None:
            events.append(event)

    record = CallRecord(
        journal=Journal(), interaction_id=InteractionId("call-1"), now=lambda: 100.0
    )
    record.started(
        caller_number=NUMBER,
        called_number="600",
        channel="PJSIP/x-1",
        ears=RecogniserDescription(
            engine="fake", acoustic_model="fake", language="en", language_model="fake-1"
        ),
        classifier="fake-1",
        policy="test",
    )
    record.prompt_started("greeting")
    record.prompt_stopped("greeting", "the caller spoke")
    record.speech_started()
    record.words_heard(WORDS, CLASSIFICATION)
    record.utterance_ended(utterance())
    record.no_input()
    record.key_pressed("1")
    record.recogniser_lost("it ended")
    record.decided(decision())
    record.steered(DESTINATION, STOLEN)
    record.ended("hung_up")
    for message in (JOINED, ABANDONED, ANSWERED, HUNG_UP):
        event = read_event(message, at_seconds=101.0)
        assert event is not None
        events.append(event)
    return events


def test_every_kind_of_event_has_someone_who_records_it() -> None:
    assert {event.kind for event in everything()} == set(EventKind)


def test_words_and_numbers_are_recorded_under_personal_keys_only() -> None:
    for event in everything():
        shown = str({k: v for k, v in event.data.items() if not k.startswith("pii_")})
        assert WORDS not in shown
        assert NUMBER not in shown


def test_what_was_said_is_in_no_representation_that_a_log_might_show() -> None:
    changed = WordsChanged(words=WORDS, classification=CLASSIFICATION)
    for value in (utterance(), changed, decision()):
        assert WORDS not in repr(value)


def test_recognised_words_hide_themselves_too() -> None:
    for value in (PartialWords(text=WORDS), FinalWords(text=WORDS, confidence=None)):
        assert WORDS not in repr(value)


def test_the_timeline_shows_every_kind_of_event_or_leaves_it_out_on_purpose() -> None:
    for position, event in enumerate(everything(), 1):
        stored = StoredEvent(
            position=position,
            interaction_id=event.interaction_id,
            number=position,
            kind=event.kind,
            at_seconds=event.at_seconds,
            data=event.data,
        )
        line = render(stored, since_seconds=99.0)
        assert (line is None) == (event.kind in QUIET_ON_THE_TIMELINE)
        if line is not None:
            assert line.plain.startswith(f"{event.at_seconds - 99.0:7.2f} s")


def test_a_turn_is_counted_for_each_utterance_and_each_silence() -> None:
    turns = [event.data["turn"] for event in everything() if "turn" in event.data]
    assert turns == [1, 2, 2]
