"""Reading calls with their turns and decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, Select, select

from ivr.store import tables
from ivr.store.problems import translated
from ivr.store.records import StoredCall, StoredCandidate, StoredDecision, StoredTurn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr.ports import InteractionId
    from ivr.store.engine import Database


class Calls:
    """The calls as the journal has written them. All methods raise `StoreUnavailableError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, interaction_id: InteractionId) -> StoredCall | None:
        """One call, or None when no event of it is stored."""
        calls = tables.calls
        rows = await self._read(select(calls).where(calls.c.interaction_id == interaction_id))
        return StoredCall(**rows[0]) if rows else None

    async def recent(self, limit: int) -> list[StoredCall]:
        """The calls that began last, newest first."""
        calls = tables.calls
        newest_first = calls.c.started_at_seconds.desc()
        rows = await self._read(select(calls).order_by(newest_first).limit(limit))
        return [StoredCall(**row) for row in rows]

    async def turns(self, interaction_id: InteractionId) -> list[StoredTurn]:
        """A call's turns in order."""
        turns = tables.turns
        mine = select(turns).where(turns.c.interaction_id == interaction_id)
        return [_turn(row) for row in await self._read(mine.order_by(turns.c.turn))]

    async def decisions(self, interaction_id: InteractionId) -> list[StoredDecision]:
        """A call's decisions in order."""
        decisions = tables.decisions
        mine = select(decisions).where(decisions.c.interaction_id == interaction_id)
        return [_decision(row) for row in await self._read(mine.order_by(decisions.c.number))]

    async def _read(self, statement: Select[Any]) -> Sequence[RowMapping]:
        with translated(self._database.where):
            async with self._database.reader.connect() as connection:
                result = await connection.execute(statement)
                rows: Sequence[RowMapping] = result.mappings().all()
                return rows


def _turn(row: RowMapping) -> StoredTurn:
    candidates = tuple(
        StoredCandidate(intent=one["intent"], probability=one["probability"])
        for one in row["candidates"]
    )
    return StoredTurn(**{**row, "candidates": candidates})


def _decision(row: RowMapping) -> StoredDecision:
    return StoredDecision(**{**row, "reasons": tuple(row["reasons"])})
