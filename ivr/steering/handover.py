"""The way out of every question: to a queue, announced or at once."""

from __future__ import annotations

from ivr.steering.dialogue_states import (
    DecisionKind,
    Event,
    Finished,
    HandingOver,
    HandOver,
    PlayPrompt,
    PromptFinished,
    State,
    Step,
    StopPrompt,
    TimeLimitReached,
)
from ivr.steering.dialogue_steps import Evidence, Question, leave, record
from ivr.steering.policy import KeyChoice, Policy
from ivr.steering.routing import RouteRequest, route


def connect_by_key(policy: Policy, state: Question, digit: str, choice: KeyChoice) -> Step:
    """Connect to what the key `digit` means."""
    request = RouteRequest(intent=choice.intent, target=choice.target)
    evidence = Evidence(reasons=(f"key {digit} was pressed",))
    return connect(policy, state, DecisionKind.ROUTE_BY_KEY, request, evidence)


def connect(
    policy: Policy, state: Question, kind: DecisionKind, request: RouteRequest, evidence: Evidence
) -> Step:
    """Tell the caller who takes the call; `HandOver` follows when that has been said."""
    destination = route(request, policy)
    connecting = policy.prompts.connecting(destination.queue)
    return Step(
        state=HandingOver(destination=destination),
        actions=(
            *leave(state),
            record(policy, kind, evidence, request=request, destination=destination),
            PlayPrompt(prompts=(connecting,), interruptible=False),
        ),
    )


def give_up(policy: Policy, state: Question, _: TimeLimitReached) -> Step:
    """Hand over to the default queue now, without an announcement."""
    request = RouteRequest()
    destination = route(request, policy)
    reason = f"not steered within {policy.timers.steering_limit_seconds:g} s"
    kind = DecisionKind.ROUTE_BY_DEFAULT
    evidence = Evidence(reasons=(reason,))
    return Step(
        state=Finished(destination=destination),
        actions=(
            *leave(state),
            record(policy, kind, evidence, request=request, destination=destination),
            HandOver(destination=destination),
        ),
    )


def hand_over(_: Policy, state: HandingOver, event: PromptFinished | TimeLimitReached) -> Step:
    """Give the call away: announced, or when its time is up."""
    cut_short = () if isinstance(event, PromptFinished) else (StopPrompt(),)
    return Step(
        state=Finished(destination=state.destination),
        actions=(*cut_short, HandOver(destination=state.destination)),
    )


def ignore(_: Policy, state: State, __: Event) -> Step:
    """Change nothing."""
    return Step(state=state)
