"""Routing: who takes the call, and why. Segment, opening hours and overrides join here later.

A reason is a sentence an agent or auditor can read; it never holds what the caller said.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.steering.intents import IntentId
from ivr.steering.policy import Policy, QueueName, QueueTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """What is known of a call when it is routed; None is "not known".

    `target` is a queue the caller chose directly, by a key that stands for no single intent; it
    outranks the intent.
    """

    intent: IntentId | None = None
    target: QueueTarget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the call goes, with the caller's priority there (higher is answered first)."""

    queue: QueueName
    priority: int
    reasons: tuple[str, ...]


def route(request: RouteRequest, policy: Policy) -> Destination:
    """The destination of a call. Always one: what is unknown goes to the default queue."""
    if request.target is not None:
        return _destination(request.target, "the caller chose this queue by key")
    if request.intent is None:
        return _destination(policy.default_rule.target, "no intent is known: default queue")
    target = policy.rule_for(request.intent).target
    if request.intent not in policy.intents:
        return _destination(target, f"the policy has no rule for {request.intent}: default queue")
    return _destination(target, f"the policy sends {request.intent} to {target.queue}")


def _destination(target: QueueTarget, reason: str) -> Destination:
    reasons = (reason,) if target.priority == 0 else (reason, f"with priority {target.priority}")
    return Destination(queue=target.queue, priority=target.priority, reasons=reasons)
