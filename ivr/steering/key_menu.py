"""The key menu: the rules of `Menu`, and how callers come to it."""

from __future__ import annotations

from dataclasses import replace

from ivr.steering.dialogue_states import (
    Asking,
    DecisionKind,
    KeyPressed,
    Menu,
    PromptFinished,
    Stage,
    Step,
    Timer,
    TimerExpired,
)
from ivr.steering.dialogue_steps import Evidence, ask, is_due, leave, quieten, record, times, wait
from ivr.steering.handover import connect, connect_by_key
from ivr.steering.policy import Policy, PromptName
from ivr.steering.routing import RouteRequest


def offer_keys(policy: Policy, state: Asking, evidence: Evidence) -> Step:
    """Leave the open question for the key menu."""
    return Step(
        state=Menu(),
        actions=(
            *leave(state),
            record(policy, DecisionKind.OFFER_KEYS, evidence),
            ask(policy.prompts.menu),
        ),
    )


def await_key(policy: Policy, state: Menu, _: PromptFinished) -> Step:
    """Time the silence after the menu."""
    if state.stage is not Stage.PROMPTING:
        return Step(state=state)
    return wait(state, Timer.MENU, policy.timers.menu_seconds)


def choose(policy: Policy, state: Menu, event: KeyPressed) -> Step:
    """Connect by a key of the menu; forgive another one."""
    choice = policy.choice_for(event.digit)
    if choice is not None:
        return connect_by_key(policy, state, event.digit, choice)
    reason = f"key {event.digit} is not in the menu"
    return _count_miss(policy, state, policy.prompts.menu_invalid, reason)


def count_no_key(policy: Policy, state: Menu, event: TimerExpired) -> Step:
    """Read the menu again, or give up on it, after a silence."""
    if not is_due(state, event):
        return Step(state=state)
    reason = f"no key within {policy.timers.menu_seconds:g} s"
    return _count_miss(policy, state, policy.prompts.menu_no_input, reason)


def _count_miss(policy: Policy, state: Menu, prompt: PromptName, reason: str) -> Step:
    counted = replace(state, misses=state.misses + 1)
    evidence = Evidence(reasons=(f"{reason}, missed {times(counted.misses)}",))
    if counted.misses > policy.repeats.menu:
        kind = DecisionKind.ROUTE_BY_DEFAULT
        return connect(policy, counted, kind, RouteRequest(), evidence)
    return Step(
        state=replace(counted, stage=Stage.PROMPTING),
        actions=(
            *quieten(state),
            record(policy, DecisionKind.REPEAT_MENU, evidence),
            ask(prompt, policy.prompts.menu),
        ),
    )
