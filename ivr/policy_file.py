"""The steering policy as engineers write it: `dialplan/steering.yaml` into `ivr.steering.policy`.

Also the texts of the prompts, `dialplan/prompts/<language>.yaml`. Every mistake is a
`ConfigurationError` with file, line and advice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from ivr.steering.intents import CONSULTANT, OUT_OF_SCOPE, IntentId
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
from ivr.yaml_file import Location, WrittenModel, YamlFile, read_yaml, suggest

_FINGERPRINT_DIGITS = 12

_RESERVED_QUEUES = frozenset({"general", "globals"})


def _digit(key: Any) -> Any:
    """Take a key of the telephone that was written without quotes."""
    return str(key) if isinstance(key, int) and not isinstance(key, bool) else key


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
QueueText = Annotated[str, Field(pattern=r"^[a-z]{2}[a-z0-9-]*$", max_length=64)]
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=40)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Digit = Annotated[str, BeforeValidator(_digit), Field(pattern=r"^[0-9*#]$")]
Share = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[int, Field(ge=0, le=60_000)]
Seconds = Annotated[float, Field(ge=1, le=300)]
Count = Annotated[int, Field(ge=0, le=5)]


class _Thresholds(WrittenModel):
    probability: Share
    margin: Share


class _DefaultThresholds(WrittenModel):
    acceptance: _Thresholds
    early: _Thresholds


class _Hearing(WrittenModel):
    other_speech: Share
    confidence: Share


class _Intent(WrittenModel):
    queue: QueueText
    priority: int = Field(default=0, ge=0, le=100)
    acceptance: _Thresholds | None = None
    early: _Thresholds | None = None


class _Key(WrittenModel):
    intent: Name | None = None
    queue: QueueText | None = None
    priority: int = Field(default=0, ge=0, le=100)

    @model_validator(mode="after")
    def _one_meaning(self) -> _Key:
        if (self.intent is None) == (self.queue is None):
            raise ValueError("a key needs either `intent` or `queue`")
        if self.intent is not None and self.priority:
            raise ValueError("`priority` belongs to the intent, or to a key with a `queue`")
        return self


class _Repeats(WrittenModel):
    no_input: Count
    no_match: Count
    total: Count
    menu: Count


class _Timers(WrittenModel):
    no_input_seconds: Seconds
    menu_seconds: Seconds
    steering_limit_seconds: Annotated[float, Field(ge=10, le=600)]


class _Endpointing(WrittenModel):
    sure_silence_ms: Milliseconds
    sure_words: Annotated[int, Field(ge=1, le=20)]
    accepted_silence_ms: Milliseconds
    unsure_silence_ms: Milliseconds
    unfinished_extra_ms: Milliseconds
    no_words_silence_ms: Milliseconds
    stable_words_ms: Milliseconds
    false_start_voice_ms: Milliseconds
    max_utterance_ms: Annotated[int, Field(ge=2_000, le=60_000)]
    unfinished_endings: list[str]

    @model_validator(mode="after")
    def _surer_is_never_slower(self) -> _Endpointing:
        if not self.sure_silence_ms <= self.accepted_silence_ms <= self.unsure_silence_ms:
            raise ValueError(
                "the surer, the shorter: sure_silence_ms, accepted_silence_ms and "
                "unsure_silence_ms must not fall in this order"
            )
        return self


class _BargeIn(WrittenModel):
    lowered_gain: Share
    lone_word_ms: Milliseconds
    false_start_ms: Milliseconds
    noise_ms: Milliseconds


class _SteeringFile(WrittenModel):
    label: Label
    language: Language
    queues: Annotated[list[QueueText], Field(min_length=1)]
    default_queue: QueueText
    thresholds: _DefaultThresholds
    hearing: _Hearing
    intents: dict[Name, _Intent]
    consultant_key: Digit
    menu: dict[Digit, _Key]
    repeats: _Repeats
    timers: _Timers
    endpointing: _Endpointing
    barge_in: _BargeIn


def read_policy(path: Path) -> Policy:
    """The policy in a file; raises `ConfigurationError` for the first mistake in it."""
    file = read_yaml(path)
    written = file.check(_SteeringFile)
    _check_references(file, written)
    default_rule = _rule(_Intent(queue=written.default_queue), written)
    return Policy(
        version=PolicyVersion(f"{written.label}-{file.sha256[:_FINGERPRINT_DIGITS]}"),
        language=written.language,
        queues=tuple(QueueName(queue) for queue in written.queues),
        intents={IntentId(name): _rule(rule, written) for name, rule in written.intents.items()},
        default_rule=default_rule,
        hearing=HearingLimits(**written.hearing.model_dump()),
        keys={digit: _choice(key) for digit, key in written.menu.items()},
        consultant_key=written.consultant_key,
        repeats=Repeats(**written.repeats.model_dump()),
        timers=Timers(**written.timers.model_dump()),
        endpointing=_endpoint_timings(written.endpointing),
        barge_in=BargeInTimings(**written.barge_in.model_dump()),
        prompts=PromptNames(),
    )


def _rule(written: _Intent, file: _SteeringFile) -> IntentRule:
    return IntentRule(
        target=QueueTarget(queue=QueueName(written.queue), priority=written.priority),
        acceptance=_thresholds(written.acceptance or file.thresholds.acceptance),
        early=_thresholds(written.early or file.thresholds.early),
    )


def _thresholds(written: _Thresholds) -> Thresholds:
    return Thresholds(probability=written.probability, margin=written.margin)


def _choice(key: _Key) -> KeyChoice:
    if key.queue is not None:
        return KeyChoice(target=QueueTarget(queue=QueueName(key.queue), priority=key.priority))
    return KeyChoice(intent=None if key.intent is None else IntentId(key.intent))


def _endpoint_timings(written: _Endpointing) -> EndpointTimings:
    numbers = written.model_dump(exclude={"unfinished_endings"})
    endings = frozenset(word.casefold() for word in written.unfinished_endings)
    return EndpointTimings(**numbers, unfinished_endings=endings)


# --- What the parts of the file say about each other ------------------------------------------


def _check_references(file: YamlFile, written: _SteeringFile) -> None:
    _check_queues(file, written)
    _check_intents(file, written)
    _check_keys(file, written)


def _check_queues(file: YamlFile, written: _SteeringFile) -> None:
    named: list[tuple[Location, str]] = [(("default_queue",), written.default_queue)]
    named += [(("intents", name, "queue"), rule.queue) for name, rule in written.intents.items()]
    named += [
        (("menu", digit, "queue"), key.queue) for digit, key in written.menu.items() if key.queue
    ]
    for at, queue in named:
        if queue not in written.queues:
            problem = f"queue {queue} is not in the list of queues"
            raise file.mistake(problem, advice=suggest(queue, written.queues), at=at)
    for index, queue in enumerate(written.queues):
        if queue in _RESERVED_QUEUES:
            problem = (
                f"queue {queue} cannot be: that section of queues.conf holds Asterisk's settings"
            )
            raise file.mistake(problem, advice="choose another name", at=("queues", index))
        if queue in written.queues[:index]:
            problem = f"queue {queue} is listed twice"
            raise file.mistake(problem, advice="remove one", at=("queues", index))


def _check_intents(file: YamlFile, written: _SteeringFile) -> None:
    if CONSULTANT not in written.intents:
        advice = f"add `{CONSULTANT}:` with a queue: callers who ask for a person must reach one"
        raise file.mistake(f"no intent {CONSULTANT}", advice=advice, at=("intents",))
    if OUT_OF_SCOPE in written.intents:
        advice = "remove it: what is out of scope is asked again and never routed"
        raise file.mistake(
            f"{OUT_OF_SCOPE} has a queue", advice=advice, at=("intents", OUT_OF_SCOPE)
        )
    for name, rule in written.intents.items():
        acceptance = rule.acceptance or written.thresholds.acceptance
        early = rule.early or written.thresholds.early
        if early.probability < acceptance.probability or early.margin < acceptance.margin:
            problem = f"intents.{name}: `early` is lower than `acceptance`"
            advice = "acting early must take at least as much as acting at all"
            raise file.mistake(problem, advice=advice, at=("intents", name))


def _check_keys(file: YamlFile, written: _SteeringFile) -> None:
    if len(file.data["menu"]) != len(written.menu):
        advice = "write each key once, with or without quotes"
        raise file.mistake("a key of the menu is there twice", advice=advice, at=("menu",))
    if written.consultant_key in written.menu:
        advice = "remove it from the menu: consultant_key has it already"
        problem = f"key {written.consultant_key} always reaches a consultant"
        raise file.mistake(problem, advice=advice, at=("menu", written.consultant_key))
    for digit, key in written.menu.items():
        if key.intent is not None and key.intent not in written.intents:
            advice = suggest(key.intent, list(written.intents))
            problem = f"intent {key.intent} is not under `intents`"
            raise file.mistake(problem, advice=advice, at=("menu", digit, "intent"))
