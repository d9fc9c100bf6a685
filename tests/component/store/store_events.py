"""Events of a call, for the tests of the store."""

from __future__ import annotations

from ivr.ports import CallEvent, EventKind, InteractionId

CALL = InteractionId("0b5d6a4e-0000-4000-8000-000000000001")
STARTED = {
    "pii_caller_number": "+48600123456",
    "called_number": "221234567",
    "channel": "PJSIP/trunk-00000001",
    "language": "en",
    "engine": "pocketsphinx",
    "acoustic_model": "en-us",
    "language_model": "steering-1",
    "classifier": "model-1",
    "policy_version": "policy-1",
}


def event(
    happened: EventKind, /, *, at_seconds: float = 1.0, call: str = CALL, **data: object
) -> CallEvent:
    return CallEvent(
        interaction_id=InteractionId(call), kind=happened, at_seconds=at_seconds, data=data
    )


def whole_call() -> list[CallEvent]:
    candidates = [{"intent": "card", "probability": 0.9}, {"intent": "pin", "probability": 0.1}]
    return [
        event(EventKind.CALL_STARTED, at_seconds=100.5, **STARTED),
        event(EventKind.PROMPT_STARTED, prompt="greeting"),
        event(EventKind.WORDS_HEARD, pii_words="card one two three four"),
        event(
            EventKind.UTTERANCE_ENDED,
            at_seconds=103.25,
            turn=1,
            pii_words="block my card four one one one",
            confidence=None,
            reason="silence",
            candidates=candidates,
        ),
        event(
            EventKind.DECISION_MADE,
            turn=1,
            kind="route",
            intent="card",
            probability=0.9,
            thresholds={"accept": 0.7},
            reasons=["card is sure enough", "the queue is open"],
            queue="cards",
            priority=5,
        ),
        event(EventKind.CALL_STEERED, queue="cards", priority=5, reasons=["x"], intent="card"),
        event(EventKind.STEERING_ENDED, outcome="steered"),
        event(EventKind.QUEUE_JOINED, queue="cards", position=1),
        event(EventKind.AGENT_CONNECTED, queue="cards", agent="anna", wait_seconds=3.5),
        event(EventKind.CALL_ENDED, at_seconds=160.0, cause="16"),
    ]
