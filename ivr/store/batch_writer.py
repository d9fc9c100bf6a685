"""One batch of events into the log and its tables, in one transaction, once."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, text, update

from ivr.ports import CallEvent, EventKind, InteractionId, WallClock
from ivr.steering.masking import MASK
from ivr.store import tables
from ivr.store.event_data import storable_data
from ivr.store.key_series import KeySeries
from ivr.store.problems import translated
from ivr.store.projection import CallFacts, NumberedEvent, facts_of, project, upsert
from ivr.store.records import StoredEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from ivr.store.engine import Database

NOTIFY_CHANNEL = "sternik_events"


class BatchWriter:
    """Appends events for one journal.

    Positions are in the order of commits: each transaction first updates the log's one head row and
    keeps that row's lock until it has committed, so the next one numbers after it and is seen after
    it. SQLite has one writer at a time anyway. A sequence would hand out numbers before the commit.
    """

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock
        self._journal_id = uuid.uuid4().hex

    async def write(self, batch: int, events: Sequence[CallEvent]) -> None:
        """Store the events in this order.

        `batch` counts up by one from 1 and is the same when a batch is tried again: if the first
        try was committed although its connection broke, the second changes nothing. Raises
        `StoreUnavailableError`; other errors are the fault of the events.
        """
        with translated(self._database.where):
            async with (
                self._database.writer.connect() as connection,
                connection.begin() as transaction,
            ):
                head = await self._move_head(connection, len(events))
                if await self._last_batch(connection) >= batch:
                    await transaction.rollback()
                    return
                await self._append(connection, batch, events, head - len(events) + 1)

    async def forget(self) -> None:
        """Remove this journal's mark; after the last batch."""
        mark = tables.journals
        with translated(self._database.where):
            async with self._database.writer.begin() as connection:
                await connection.execute(mark.delete().where(mark.c.journal_id == self._journal_id))

    async def _append(
        self, connection: AsyncConnection, batch: int, events: Sequence[CallEvent], first: int
    ) -> None:
        mark = {"last_batch": batch, "at_seconds": self._clock()}
        await upsert(connection, tables.journals, {"journal_id": self._journal_id, **mark})
        numbered = await _number(connection, events, first)
        rows = [_row(event.stored) for event in numbered]
        await connection.execute(insert(tables.events), rows)
        for event in numbered:
            await project(connection, event)
        if self._database.is_postgresql:
            await connection.execute(text(f"NOTIFY {NOTIFY_CHANNEL}"))

    async def _move_head(self, connection: AsyncConnection, by: int) -> int:
        head = tables.log_head
        moved = update(head).values(position=head.c.position + by).returning(head.c.position)
        position: int = (await connection.execute(moved)).scalar_one()
        return position

    async def _last_batch(self, connection: AsyncConnection) -> int:
        mark = tables.journals.c
        found = select(mark.last_batch).where(mark.journal_id == self._journal_id)
        return await connection.scalar(found) or 0


async def _number(
    connection: AsyncConnection, events: Sequence[CallEvent], first: int
) -> list[NumberedEvent]:
    """Give each event its position and its number, and mask its data in its call's language."""
    facts = await _facts(connection, {event.interaction_id for event in events})
    await _insert_missing_calls(connection, events, facts)
    last = await _last_numbers(connection, facts)
    keys = KeySeries(connection)
    numbered = []
    for position, event in enumerate(events, start=first):
        interaction = event.interaction_id
        last[interaction] = last.get(interaction, 0) + 1
        if event.kind == EventKind.CALL_STARTED:
            facts[interaction] = facts_of(event.data)
        shown = (
            replace(event, data={**event.data, "digit": MASK}) if await keys.hides(event) else event
        )
        numbered.append(_numbered(shown, position, last[interaction], facts[interaction]))
    return numbered


def _numbered(event: CallEvent, position: int, number: int, facts: CallFacts) -> NumberedEvent:
    caller_number = event.data.get("pii_caller_number")
    starts = event.kind == EventKind.CALL_STARTED
    return NumberedEvent(
        stored=StoredEvent(
            position=position,
            interaction_id=event.interaction_id,
            number=number,
            kind=event.kind.value,
            at_seconds=event.at_seconds,
            data=storable_data(event.data, facts.language),
        ),
        facts=facts,
        caller_number=caller_number if starts and isinstance(caller_number, str) else None,
    )


async def _facts(
    connection: AsyncConnection, interactions: Iterable[InteractionId]
) -> dict[InteractionId, CallFacts]:
    calls = tables.calls.c
    found = await connection.execute(
        select(
            calls.interaction_id, calls.language, calls.classifier_version, calls.policy_version
        ).where(calls.interaction_id.in_(list(interactions)))
    )
    return {
        InteractionId(row.interaction_id): CallFacts(
            language=row.language or "",
            classifier_version=row.classifier_version,
            policy_version=row.policy_version,
        )
        for row in found
    }


async def _insert_missing_calls(
    connection: AsyncConnection, events: Sequence[CallEvent], facts: dict[InteractionId, CallFacts]
) -> None:
    """Begin the row of calls whose CALL_STARTED was lost or that never got to us."""
    rows = []
    for event in events:
        if event.interaction_id not in facts:
            facts[event.interaction_id] = CallFacts()
            rows.append(
                {
                    "interaction_id": event.interaction_id,
                    "started_at_seconds": event.at_seconds,
                    "steered": False,
                }
            )
    if rows:
        await connection.execute(insert(tables.calls), rows)


async def _last_numbers(
    connection: AsyncConnection, interactions: Iterable[InteractionId]
) -> dict[InteractionId, int]:
    events = tables.events.c
    found = await connection.execute(
        select(events.interaction_id, func.max(events.number))
        .where(events.interaction_id.in_(list(interactions)))
        .group_by(events.interaction_id)
    )
    return {InteractionId(interaction): number for interaction, number in found}


def _row(event: StoredEvent) -> dict[str, object]:
    return {
        "position": event.position,
        "interaction_id": event.interaction_id,
        "number": event.number,
        "kind": event.kind,
        "at_seconds": event.at_seconds,
        "data": event.data,
    }
