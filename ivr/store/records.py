"""What the store gives back: events, calls, turns and decisions as they were written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ivr.ports import InteractionId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One event of the log, masked.

    `position` is its place in the whole log in the order of commits, `number` its place in its
    call; both count from 1 without gaps. `kind` is a value of `EventKind`, or of a newer program's.
    `at_seconds` is Unix time as the producer saw it, which need not follow `position`.
    """

    position: int
    interaction_id: InteractionId
    number: int
    kind: str
    at_seconds: float
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCall:
    """One call as far as it has come. Times are Unix seconds; `caller_number` is E.164."""

    interaction_id: InteractionId
    started_at_seconds: float
    ended_at_seconds: float | None
    caller_number: str | None
    called_number: str | None
    channel: str | None
    language: str | None
    recogniser_engine: str | None
    acoustic_model: str | None
    language_model: str | None
    classifier_version: str | None
    policy_version: str | None
    outcome: str | None
    queue: str | None
    agent: str | None
    steered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCandidate:
    """An intent that was considered, with its probability (0..1)."""

    intent: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTurn:
    """What the caller said to a prompt (masked); None when they said nothing."""

    interaction_id: InteractionId
    turn: int
    prompt: str | None
    words: str | None
    candidates: tuple[StoredCandidate, ...]
    at_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """Why the call went on as it did: `reasons` are sentences in the order they applied.

    `number` is that of the call's event which told the decision; `thresholds` by name.
    """

    interaction_id: InteractionId
    number: int
    turn: int | None
    kind: str
    intent: str | None
    probability: float | None
    thresholds: Mapping[str, object]
    reasons: tuple[str, ...]
    queue: str | None
    priority: int | None
    policy_version: str | None
    model_version: str | None
    at_seconds: float
