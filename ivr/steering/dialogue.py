"""The dialogue: a pure state machine from greeting to handover.

`RULES` is the whole of it; every pair is there, so nothing is ignored by accident:

| event                 | Asking         | Menu            | HandingOver | Finished |
|-----------------------|----------------|-----------------|-------------|----------|
| PromptFinished        | await_speech   | await_key       | hand_over   | ignore   |
| SpeechStarted         | hear_out       | ignore          | ignore      | ignore   |
| FalseStart            | await_again    | ignore          | ignore      | ignore   |
| UtteranceEnded        | judge_words    | ignore          | ignore      | ignore   |
| KeyPressed            | key_instead    | choose          | ignore      | ignore   |
| TimerExpired          | count_silence  | count_no_key    | ignore      | ignore   |
| RecogniserUnavailable | keys_only      | ignore          | ignore      | ignore   |
| TimeLimitReached      | give_up        | give_up         | hand_over   | ignore   |

- `Asking`: an accepted intent is routed. Silence and unclear words have their own counters and
  their own prompts; when a counter or their total is used up, the key menu follows. A key answers
  the menu before it is read out.
- `Menu`: does not listen to speech. A wrong key or none is forgiven `repeats.menu` times, then
  comes the default queue.
- `HandingOver`: decided. A key pressed now does not disturb the caller's way to a person.

The consultant's key and the intent `consultant` reach a person from every question. A new kind of
turn (confirm, choose between two, explain) is one more state class with its column of rules.

Whoever runs it keeps `TimeLimitReached` coming after `policy.timers.steering_limit_seconds`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ivr.steering.acceptance import Judgement, Sureness, judge
from ivr.steering.dialogue_states import (
    Action,
    Asking,
    CancelTimer,
    Decide,
    Decision,
    DecisionKind,
    Event,
    FalseStart,
    Finished,
    HandingOver,
    HandOver,
    KeyPressed,
    Listen,
    Menu,
    PlayPrompt,
    PromptFinished,
    RecogniserUnavailable,
    SpeechStarted,
    Stage,
    StartTimer,
    State,
    Step,
    StopListening,
    StopPrompt,
    TimeLimitReached,
    Timer,
    TimerExpired,
    UtteranceEnded,
)
from ivr.steering.intents import Classification
from ivr.steering.policy import Policy, PromptName
from ivr.steering.routing import Destination, RouteRequest, route

Question = Asking | Menu
Rule = Callable[[Policy, Any, Any], Step]

_TIMERS: Mapping[type[Question], Timer] = {Asking: Timer.NO_INPUT, Menu: Timer.MENU}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What a decision rests on."""

    reasons: tuple[str, ...]
    words: str = ""
    classification: Classification | None = None
    judgement: Judgement | None = None


def start(policy: Policy, *, can_listen: bool = True) -> Step:
    """The first step of a call: the open question, or the key menu when nothing can listen."""
    if can_listen:
        return Step(state=Asking(), actions=(_ask(policy.prompts.greeting), Listen()))
    evidence = _Evidence(reasons=("no recogniser is free",))
    return Step(
        state=Menu(),
        actions=(
            _record(policy, DecisionKind.OFFER_KEYS, evidence),
            _ask(policy.prompts.welcome, policy.prompts.menu),
        ),
    )


def advance(policy: Policy, state: State, event: Event) -> Step:
    """The step that `event` leads to. Never raises; without effect where the table says ignore."""
    return RULES[type(state), type(event)](policy, state, event)


# --- The open question ------------------------------------------------------------------------


def _await_speech(policy: Policy, state: Asking, _: PromptFinished) -> Step:
    if state.stage is not Stage.PROMPTING:
        return Step(state=state)
    return _wait(state, Timer.NO_INPUT, policy.timers.no_input_seconds)


def _hear_out(_: Policy, state: Asking, __: SpeechStarted) -> Step:
    return Step(state=replace(state, stage=Stage.SPEAKING), actions=_quieten(state))


def _await_again(policy: Policy, state: Asking, _: FalseStart) -> Step:
    if state.stage is not Stage.SPEAKING:
        return Step(state=state)
    return _wait(state, Timer.NO_INPUT, policy.timers.no_input_seconds)


def _judge_words(policy: Policy, state: Asking, event: UtteranceEnded) -> Step:
    if event.classification is None or not event.words.strip():
        return _not_understood(policy, state, event)
    judgement = judge(event.classification, policy)
    evidence = _Evidence(
        reasons=judgement.reasons,
        words=event.words,
        classification=event.classification,
        judgement=judgement,
    )
    if judgement.sureness is Sureness.UNSURE:
        return _count_no_match(policy, state, evidence)
    request = RouteRequest(intent=judgement.intent)
    return _connect(policy, state, DecisionKind.ROUTE_BY_SPEECH, request, evidence)


def _not_understood(policy: Policy, state: Asking, event: UtteranceEnded) -> Step:
    """A voice without words is unclear speech, but under a prompt it is the prompt's own echo."""
    if event.words.strip():
        evidence = _Evidence(reasons=("no classifier judged the words",), words=event.words)
        return _count_no_match(policy, state, evidence)
    if state.stage is Stage.PROMPTING:
        return Step(state=state)
    return _count_no_match(policy, state, _Evidence(reasons=("a voice, but no words",)))


def _count_no_match(policy: Policy, state: Asking, evidence: _Evidence) -> Step:
    counted = replace(state, no_match=state.no_match + 1)
    reason = f"not understood {_times(counted.no_match)}"
    evidence = replace(evidence, reasons=(*evidence.reasons, reason))
    return _ask_again_or_keys(policy, counted, policy.prompts.repeat_no_match, evidence)


def _count_silence(policy: Policy, state: Asking, event: TimerExpired) -> Step:
    if not _is_due(state, event):
        return Step(state=state)
    counted = replace(state, no_input=state.no_input + 1)
    reason = f"no answer within {policy.timers.no_input_seconds:g} s {_times(counted.no_input)}"
    evidence = _Evidence(reasons=(reason,))
    return _ask_again_or_keys(policy, counted, policy.prompts.repeat_no_input, evidence)


def _ask_again_or_keys(
    policy: Policy, counted: Asking, prompt: PromptName, evidence: _Evidence
) -> Step:
    if _is_used_up(policy, counted):
        return _offer_keys(policy, counted, evidence)
    return Step(
        state=replace(counted, stage=Stage.PROMPTING),
        actions=(
            *_quieten(counted),
            _record(policy, DecisionKind.ASK_AGAIN, evidence),
            _ask(prompt),
            Listen(),
        ),
    )


def _is_used_up(policy: Policy, counted: Asking) -> bool:
    repeats = policy.repeats
    return (
        counted.no_input > repeats.no_input
        or counted.no_match > repeats.no_match
        or counted.no_input + counted.no_match > repeats.total
    )


def _key_instead(policy: Policy, state: Asking, event: KeyPressed) -> Step:
    if policy.choice_for(event.digit) is not None:
        return _connect_by_key(policy, state, event.digit)
    reason = f"key {event.digit} was pressed, which is not in the menu"
    return _offer_keys(policy, state, _Evidence(reasons=(reason,)))


def _keys_only(policy: Policy, state: Asking, _: RecogniserUnavailable) -> Step:
    return _offer_keys(policy, state, _Evidence(reasons=("the recogniser is lost",)))


def _offer_keys(policy: Policy, state: Asking, evidence: _Evidence) -> Step:
    return Step(
        state=Menu(),
        actions=(
            *_leave(state),
            _record(policy, DecisionKind.OFFER_KEYS, evidence),
            _ask(policy.prompts.menu),
        ),
    )


# --- The key menu -----------------------------------------------------------------------------


def _await_key(policy: Policy, state: Menu, _: PromptFinished) -> Step:
    if state.stage is not Stage.PROMPTING:
        return Step(state=state)
    return _wait(state, Timer.MENU, policy.timers.menu_seconds)


def _choose(policy: Policy, state: Menu, event: KeyPressed) -> Step:
    if policy.choice_for(event.digit) is not None:
        return _connect_by_key(policy, state, event.digit)
    reason = f"key {event.digit} is not in the menu"
    return _count_miss(policy, state, policy.prompts.menu_invalid, reason)


def _count_no_key(policy: Policy, state: Menu, event: TimerExpired) -> Step:
    if not _is_due(state, event):
        return Step(state=state)
    reason = f"no key within {policy.timers.menu_seconds:g} s"
    return _count_miss(policy, state, policy.prompts.menu_no_input, reason)


def _count_miss(policy: Policy, state: Menu, prompt: PromptName, reason: str) -> Step:
    counted = replace(state, misses=state.misses + 1)
    evidence = _Evidence(reasons=(f"{reason}, missed {_times(counted.misses)}",))
    if counted.misses > policy.repeats.menu:
        kind = DecisionKind.ROUTE_BY_DEFAULT
        return _connect(policy, counted, kind, RouteRequest(), evidence)
    return Step(
        state=replace(counted, stage=Stage.PROMPTING),
        actions=(
            *_quieten(state),
            _record(policy, DecisionKind.REPEAT_MENU, evidence),
            _ask(prompt, policy.prompts.menu),
        ),
    )


# --- The way out ------------------------------------------------------------------------------


def _connect_by_key(policy: Policy, state: Question, digit: str) -> Step:
    choice = policy.choice_for(digit)
    if choice is None:
        return Step(state=state)
    request = RouteRequest(intent=choice.intent, target=choice.target)
    evidence = _Evidence(reasons=(f"key {digit} was pressed",))
    return _connect(policy, state, DecisionKind.ROUTE_BY_KEY, request, evidence)


def _connect(
    policy: Policy, state: Question, kind: DecisionKind, request: RouteRequest, evidence: _Evidence
) -> Step:
    """Tell the caller who takes the call; `HandOver` follows when that has been said."""
    destination = route(request, policy)
    connecting = policy.prompts.connecting(destination.queue)
    return Step(
        state=HandingOver(destination=destination),
        actions=(
            *_leave(state),
            _record(policy, kind, evidence, request=request, destination=destination),
            PlayPrompt(prompts=(connecting,), interruptible=False),
        ),
    )


def _give_up(policy: Policy, state: Question, _: TimeLimitReached) -> Step:
    request = RouteRequest()
    destination = route(request, policy)
    reason = f"not steered within {policy.timers.steering_limit_seconds:g} s"
    kind = DecisionKind.ROUTE_BY_DEFAULT
    evidence = _Evidence(reasons=(reason,))
    return Step(
        state=Finished(destination=destination),
        actions=(
            *_leave(state),
            _record(policy, kind, evidence, request=request, destination=destination),
            HandOver(destination=destination),
        ),
    )


def _hand_over(_: Policy, state: HandingOver, event: PromptFinished | TimeLimitReached) -> Step:
    cut_short = () if isinstance(event, PromptFinished) else (StopPrompt(),)
    return Step(
        state=Finished(destination=state.destination),
        actions=(*cut_short, HandOver(destination=state.destination)),
    )


def _ignore(_: Policy, state: State, __: Event) -> Step:
    return Step(state=state)


# --- Pieces of a step -------------------------------------------------------------------------


def _ask(*prompts: PromptName) -> PlayPrompt:
    return PlayPrompt(prompts=prompts, interruptible=True)


def _wait(state: Question, timer: Timer, seconds: float) -> Step:
    return Step(
        state=replace(state, stage=Stage.WAITING),
        actions=(StartTimer(timer=timer, seconds=seconds),),
    )


def _is_due(state: Question, event: TimerExpired) -> bool:
    return state.stage is Stage.WAITING and event.timer is _TIMERS[type(state)]


def _quieten(state: Question) -> tuple[Action, ...]:
    """End what the stage has going: its prompt or its timer (an expired one may be cancelled)."""
    if state.stage is Stage.PROMPTING:
        return (StopPrompt(),)
    if state.stage is Stage.WAITING:
        return (CancelTimer(timer=_TIMERS[type(state)]),)
    return ()


def _leave(state: Question) -> tuple[Action, ...]:
    if isinstance(state, Asking):
        return (*_quieten(state), StopListening())
    return _quieten(state)


def _record(
    policy: Policy,
    kind: DecisionKind,
    evidence: _Evidence,
    *,
    request: RouteRequest | None = None,
    destination: Destination | None = None,
) -> Decide:
    judgement = evidence.judgement
    return Decide(
        decision=Decision(
            kind=kind,
            reasons=evidence.reasons + (destination.reasons if destination else ()),
            policy_version=policy.version,
            intent=request.intent if request else None,
            classification=evidence.classification,
            thresholds=judgement.thresholds if judgement else None,
            destination=destination,
            words=evidence.words,
        )
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


# --- The table --------------------------------------------------------------------------------

RULES: Mapping[tuple[type[State], type[Event]], Rule] = {
    (Asking, PromptFinished): _await_speech,
    (Asking, SpeechStarted): _hear_out,
    (Asking, FalseStart): _await_again,
    (Asking, UtteranceEnded): _judge_words,
    (Asking, KeyPressed): _key_instead,
    (Asking, TimerExpired): _count_silence,
    (Asking, RecogniserUnavailable): _keys_only,
    (Asking, TimeLimitReached): _give_up,
    (Menu, PromptFinished): _await_key,
    (Menu, SpeechStarted): _ignore,
    (Menu, FalseStart): _ignore,
    (Menu, UtteranceEnded): _ignore,
    (Menu, KeyPressed): _choose,
    (Menu, TimerExpired): _count_no_key,
    (Menu, RecogniserUnavailable): _ignore,
    (Menu, TimeLimitReached): _give_up,
    (HandingOver, PromptFinished): _hand_over,
    (HandingOver, SpeechStarted): _ignore,
    (HandingOver, FalseStart): _ignore,
    (HandingOver, UtteranceEnded): _ignore,
    (HandingOver, KeyPressed): _ignore,
    (HandingOver, TimerExpired): _ignore,
    (HandingOver, RecogniserUnavailable): _ignore,
    (HandingOver, TimeLimitReached): _hand_over,
    (Finished, PromptFinished): _ignore,
    (Finished, SpeechStarted): _ignore,
    (Finished, FalseStart): _ignore,
    (Finished, UtteranceEnded): _ignore,
    (Finished, KeyPressed): _ignore,
    (Finished, TimerExpired): _ignore,
    (Finished, RecogniserUnavailable): _ignore,
    (Finished, TimeLimitReached): _ignore,
}
