"""The steering policy: every number and name an engineer may change, as plain values.

`ivr.policy_file` reads it from `dialplan/steering.yaml`; nothing in the domain has numbers of its
own. Probabilities and margins are 0..1; everything else carries its unit in its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NewType

from ivr.steering.intents import CONSULTANT, IntentId

QueueName = NewType("QueueName", str)
PromptName = NewType("PromptName", str)
PolicyVersion = NewType("PolicyVersion", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the best intent must reach: its probability, and its lead over the second (margin)."""

    probability: float
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingLimits:
    """How badly words may be heard and still be acted on; see `ivr.steering.hearing`.

    `other_speech` is the largest share of words outside what the grammar expects, `confidence` the
    least mean of the words' confidences, where other speech counts as 0.
    """

    other_speech: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTarget:
    """A queue and the caller's priority in it (0..100, higher is answered first)."""

    queue: QueueName
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRule:
    """Where one intent goes and how sure the classifier must be of it.

    `acceptance` is what it takes to route at all: low where a wrong guess costs little and a delay
    much (a stolen card), high where it is the other way round (branch hours). `early` is what it
    takes to stop waiting for more words (see `ivr.steering.endpointing`).
    """

    target: QueueTarget
    acceptance: Thresholds
    early: Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChoice:
    """What a key of the menu means: an intent, or a queue where no one intent fits (not both)."""

    intent: IntentId | None = None
    target: QueueTarget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """How often a question is asked again before the dialogue falls back.

    `no_input` and `no_match` have their own counters, `total` bounds both together; after that
    comes the key menu. `menu` is for the menu; after that comes the default queue.
    """

    no_input: int
    no_match: int
    total: int
    menu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """How long the dialogue waits.

    `no_input_seconds` and `menu_seconds` count from the end of the prompt; `steering_limit_seconds`
    from the answer to the latest moment of handover, whatever happens.
    """

    no_input_seconds: float
    menu_seconds: float
    steering_limit_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTimings:
    """When an utterance has ended; the reasons for the values are in `ivr.steering.endpointing`."""

    sure_silence_ms: int
    sure_words: int
    accepted_silence_ms: int
    unsure_silence_ms: int
    unfinished_extra_ms: int
    no_words_silence_ms: int
    stable_words_ms: int
    false_start_voice_ms: int
    max_utterance_ms: int
    unfinished_endings: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BargeInTimings:
    """How a prompt yields to a caller who talks over it; see `ivr.steering.barge_in`."""

    lowered_gain: float
    lone_word_ms: int
    false_start_ms: int
    noise_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptNames:
    """Which recording is played when; the one for a queue is `connecting_` and the queue's name."""

    welcome: PromptName = PromptName("welcome")
    greeting: PromptName = PromptName("greeting")
    repeat_no_input: PromptName = PromptName("repeat_no_input")
    repeat_no_match: PromptName = PromptName("repeat_no_match")
    menu: PromptName = PromptName("menu")
    menu_no_input: PromptName = PromptName("menu_no_input")
    menu_invalid: PromptName = PromptName("menu_invalid")

    def connecting(self, queue: QueueName) -> PromptName:
        """What is said while the caller is handed over to `queue`."""
        return PromptName("connecting_" + queue.replace("-", "_"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything the steering of a call depends on besides the caller and the model.

    `version` changes with every change of the file it was read from. `default_rule` has the default
    queue and the thresholds of intents without a rule of their own.
    """

    version: PolicyVersion
    language: str
    queues: tuple[QueueName, ...]
    intents: Mapping[IntentId, IntentRule]
    default_rule: IntentRule
    hearing: HearingLimits
    keys: Mapping[str, KeyChoice]
    consultant_key: str
    repeats: Repeats
    timers: Timers
    endpointing: EndpointTimings
    barge_in: BargeInTimings
    prompts: PromptNames

    def rule_for(self, intent: IntentId) -> IntentRule:
        """The intent's rule, or the default one: a model may know intents the policy does not."""
        return self.intents.get(intent, self.default_rule)

    def choice_for(self, digit: str) -> KeyChoice | None:
        """What the key means; the consultant's key always means one, whatever the menu says."""
        if digit == self.consultant_key:
            return KeyChoice(intent=CONSULTANT)
        return self.keys.get(digit)

    def prompt_names(self) -> Iterator[PromptName]:
        """Every prompt a call may need, once each."""
        names = self.prompts
        yield from (names.welcome, names.greeting, names.repeat_no_input, names.repeat_no_match)
        yield from (names.menu, names.menu_no_input, names.menu_invalid)
        yield from (names.connecting(queue) for queue in self.queues)
