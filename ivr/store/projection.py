"""What each event changes in the tables of calls, turns and decisions.

The keys of the events' data are the contract with those who record them; a key that must be there
and is not raises `KeyError`, and the event is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ivr.ports import EventKind, InteractionId
from ivr.store import tables
from ivr.store.event_data import storable_text

if TYPE_CHECKING:
    from ivr.store.records import StoredEvent

_CALL_STARTED_COLUMNS = {
    "called_number": "called_number",
    "channel": "channel",
    "language": "language",
    "engine": "recogniser_engine",
    "acoustic_model": "acoustic_model",
    "language_model": "language_model",
    "classifier": "classifier_version",
    "policy_version": "policy_version",
}
Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What later events of a call need to know of its beginning; "" or None while unknown."""

    language: str = ""
    classifier_version: str | None = None
    policy_version: str | None = None


def facts_of(data: Mapping[str, object]) -> CallFacts:
    """Read the facts from the data of CALL_STARTED."""
    return CallFacts(
        language=str(data.get("language") or ""),
        classifier_version=_text(data.get("classifier")),
        policy_version=_text(data.get("policy_version")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedEvent:
    """An event about to be stored, with its call's facts and the caller's number unmasked.

    `caller_number` is set for CALL_STARTED only: the call's row needs it whole.
    """

    stored: StoredEvent
    facts: CallFacts
    caller_number: str | None = None


async def project(connection: AsyncConnection, event: NumberedEvent) -> None:
    """Apply one event, whose own row is written already."""
    apply = _PROJECTIONS.get(event.stored.kind)
    if apply is not None:
        await apply(connection, event)


async def upsert(connection: AsyncConnection, table: Table, row: Row) -> None:
    """Insert the row, or overwrite the one with the same primary key."""
    is_postgresql = connection.dialect.name == "postgresql"
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in keys}
    if is_postgresql:
        statement = postgresql_insert(table).values(row)
        await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))
    else:
        other = sqlite_insert(table).values(row)
        await connection.execute(other.on_conflict_do_update(index_elements=keys, set_=rest))


async def _call_started(connection: AsyncConnection, event: NumberedEvent) -> None:
    data = event.stored.data
    row = {column: _text(data.get(key)) for key, column in _CALL_STARTED_COLUMNS.items()}
    await _update_call(
        connection,
        event,
        started_at_seconds=event.stored.at_seconds,
        caller_number=event.caller_number and storable_text(event.caller_number),
        **row,
    )


async def _utterance_ended(connection: AsyncConnection, event: NumberedEvent) -> None:
    data = event.stored.data
    await _write_turn(
        connection, event, words=data["pii_words"], candidates=data.get("candidates") or []
    )


async def _no_input(connection: AsyncConnection, event: NumberedEvent) -> None:
    await _write_turn(connection, event, words=None, candidates=[])


async def _write_turn(
    connection: AsyncConnection, event: NumberedEvent, *, words: object, candidates: object
) -> None:
    row: Row = {
        "interaction_id": event.stored.interaction_id,
        "turn": event.stored.data["turn"],
        "prompt": await _last_prompt(connection, event.stored),
        "words": words,
        "candidates": candidates,
        "at_seconds": event.stored.at_seconds,
    }
    await upsert(connection, tables.turns, row)


async def _last_prompt(connection: AsyncConnection, event: StoredEvent) -> str | None:
    events = tables.events.c
    data = await connection.scalar(
        select(events.data)
        .where(
            events.interaction_id == event.interaction_id,
            events.number < event.number,
            events.kind == EventKind.PROMPT_STARTED,
        )
        .order_by(events.number.desc())
        .limit(1)
    )
    return None if data is None else _text(data.get("prompt"))


async def _decision_made(connection: AsyncConnection, event: NumberedEvent) -> None:
    data = event.stored.data
    row: Row = {
        "interaction_id": event.stored.interaction_id,
        "number": event.stored.number,
        "kind": data["kind"],
        "reasons": data["reasons"],
        "thresholds": data.get("thresholds") or {},
        "policy_version": event.facts.policy_version,
        "model_version": event.facts.classifier_version,
        "at_seconds": event.stored.at_seconds,
    }
    row |= {key: data.get(key) for key in ("turn", "intent", "probability", "queue", "priority")}
    await upsert(connection, tables.decisions, row)


async def _call_steered(connection: AsyncConnection, event: NumberedEvent) -> None:
    await _update_call(connection, event, steered=True, queue=event.stored.data["queue"])


async def _steering_ended(connection: AsyncConnection, event: NumberedEvent) -> None:
    await _update_call(connection, event, outcome=event.stored.data["outcome"])


async def _queue_joined(connection: AsyncConnection, event: NumberedEvent) -> None:
    await _update_call(connection, event, queue=event.stored.data["queue"])


async def _agent_connected(connection: AsyncConnection, event: NumberedEvent) -> None:
    data = event.stored.data
    await _update_call(connection, event, queue=data["queue"], agent=data["agent"])


async def _call_ended(connection: AsyncConnection, event: NumberedEvent) -> None:
    await _update_call(connection, event, ended_at_seconds=event.stored.at_seconds)


async def _update_call(connection: AsyncConnection, event: NumberedEvent, **values: object) -> None:
    await connection.execute(
        update(tables.calls).where(_is_call(event.stored.interaction_id)).values(**values)
    )


def _is_call(interaction_id: InteractionId) -> ColumnElement[bool]:
    return tables.calls.c.interaction_id == interaction_id


def _text(value: object) -> str | None:
    return None if value is None else str(value)


_Projection = Callable[[AsyncConnection, NumberedEvent], Awaitable[None]]
_PROJECTIONS: Mapping[str, _Projection] = {
    EventKind.CALL_STARTED: _call_started,
    EventKind.UTTERANCE_ENDED: _utterance_ended,
    EventKind.NO_INPUT: _no_input,
    EventKind.DECISION_MADE: _decision_made,
    EventKind.CALL_STEERED: _call_steered,
    EventKind.STEERING_ENDED: _steering_ended,
    EventKind.QUEUE_JOINED: _queue_joined,
    EventKind.AGENT_CONNECTED: _agent_connected,
    EventKind.CALL_ENDED: _call_ended,
}
