"""A policy and classifications for the tests of the domain: fixed, whatever engineers ship."""

from ivr.steering.intents import Candidate, Classification, IntentId
from ivr.steering.policy import (
    BargeInTimings,
    EndpointTimings,
    HearingLimits,
    IntentRule,
    KeyChoice,
    Policy,
    PolicyVersion,
    PromptNames,
    QueueName,
    QueueTarget,
    Repeats,
    Thresholds,
    Timers,
)

ACCEPTANCE = Thresholds(probability=0.55, margin=0.20)
EARLY = Thresholds(probability=0.85, margin=0.60)


def rule(queue: str, priority: int = 0, acceptance: Thresholds = ACCEPTANCE) -> IntentRule:
    target = QueueTarget(queue=QueueName(queue), priority=priority)
    return IntentRule(target=target, acceptance=acceptance, early=EARLY)


STOLEN = IntentId("card_lost_or_stolen")

POLICY = Policy(
    version=PolicyVersion("test-1"),
    language="en",
    queues=(QueueName("cards-urgent"), QueueName("branches"), QueueName("consultants")),
    intents={
        STOLEN: rule("cards-urgent", 10, Thresholds(probability=0.40, margin=0.10)),
        IntentId("branch"): rule("branches"),
        IntentId("consultant"): rule("consultants"),
    },
    default_rule=rule("consultants"),
    hearing=HearingLimits(other_speech=0.5, confidence=0.3),
    keys={
        "1": KeyChoice(intent=STOLEN),
        "2": KeyChoice(target=QueueTarget(queue=QueueName("branches"), priority=3)),
    },
    consultant_key="0",
    repeats=Repeats(no_input=1, no_match=1, total=2, menu=1),
    timers=Timers(no_input_seconds=5, menu_seconds=8, steering_limit_seconds=60),
    endpointing=EndpointTimings(
        sure_silence_ms=220,
        sure_words=3,
        accepted_silence_ms=450,
        unsure_silence_ms=800,
        unfinished_extra_ms=400,
        no_words_silence_ms=1200,
        stable_words_ms=160,
        false_start_voice_ms=400,
        max_utterance_ms=15_000,
        unfinished_endings=frozenset({"my", "to", "and", "the"}),
    ),
    barge_in=BargeInTimings(lowered_gain=0.3, lone_word_ms=200, false_start_ms=600, noise_ms=2000),
    prompts=PromptNames(),
)


def classified(intent: str, probability: float, second: float = 0.0) -> Classification:
    """`intent` with its probability; the runner-up has `second`."""
    return Classification(
        candidates=(
            Candidate(intent=IntentId(intent), probability=probability),
            Candidate(intent=IntentId("pin"), probability=second),
        ),
        model_version="test-model",
    )
