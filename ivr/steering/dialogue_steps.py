"""What the steps of every question are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ivr.steering.acceptance import Judgement
from ivr.steering.dialogue_states import (
    Action,
    Asking,
    CancelTimer,
    Decide,
    Decision,
    DecisionKind,
    Menu,
    PlayPrompt,
    Stage,
    StartTimer,
    Step,
    StopListening,
    StopPrompt,
    Timer,
    TimerExpired,
)
from ivr.steering.intents import Classification
from ivr.steering.policy import Policy, PromptName
from ivr.steering.routing import Destination, RouteRequest

Question = Asking | Menu

TIMERS: Mapping[type[Question], Timer] = {Asking: Timer.NO_INPUT, Menu: Timer.MENU}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a decision rests on."""

    reasons: tuple[str, ...]
    words: str = ""
    classification: Classification | None = None
    judgement: Judgement | None = None


def ask(*prompts: PromptName) -> PlayPrompt:
    """Play a question that may be answered before it ends."""
    return PlayPrompt(prompts=prompts, interruptible=True)


def wait(state: Question, timer: Timer, seconds: float) -> Step:
    """Time the caller's silence."""
    return Step(
        state=replace(state, stage=Stage.WAITING),
        actions=(StartTimer(timer=timer, seconds=seconds),),
    )


def is_due(state: Question, event: TimerExpired) -> bool:
    """Whether this timer runs; one that was cancelled may still arrive."""
    return state.stage is Stage.WAITING and event.timer is TIMERS[type(state)]


def quieten(state: Question) -> tuple[Action, ...]:
    """End what the stage has going: its prompt or its timer (an expired one may be cancelled)."""
    if state.stage is Stage.PROMPTING:
        return (StopPrompt(),)
    if state.stage is Stage.WAITING:
        return (CancelTimer(timer=TIMERS[type(state)]),)
    return ()


def leave(state: Question) -> tuple[Action, ...]:
    """End all that a question has going."""
    if isinstance(state, Asking):
        return (*quieten(state), StopListening())
    return quieten(state)


def record(
    policy: Policy,
    kind: DecisionKind,
    evidence: Evidence,
    *,
    request: RouteRequest | None = None,
    destination: Destination | None = None,
) -> Decide:
    """Decide, with the evidence and the destination's reasons."""
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


def times(count: int) -> str:
    """Say a count in words."""
    return "once" if count == 1 else f"{count} times"
