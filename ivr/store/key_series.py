"""Keys that together may be a card's or a person's number, though each comes as an event alone."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import select

from ivr.ports import CallEvent, EventKind, InteractionId
from ivr.steering.masking import MASKED_FROM_DIGITS
from ivr.store import tables

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

LONGEST_PAUSE_SECONDS = 5.0
_SHOWN = MASKED_FROM_DIGITS - 1


class KeySeries:
    """The fourth and later keys of a series without long pauses; one object a transaction.

    Three keys tell nothing of a number; a menu rarely takes more in a row, and where it does, the
    decisions still tell the way.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._pressed_at_seconds: dict[InteractionId, list[float]] = {}

    async def hides(self, event: CallEvent) -> bool:
        """Whether this event's key must not be stored; ask for each event in order."""
        if event.kind != EventKind.KEY_PRESSED:
            return False
        times = self._pressed_at_seconds.get(event.interaction_id)
        if times is None:
            times = await self._stored(event.interaction_id)
        recent = [*times[-_SHOWN:], event.at_seconds]
        self._pressed_at_seconds[event.interaction_id] = recent
        pauses = [after - before for before, after in pairwise(recent)]
        return len(pauses) == _SHOWN and max(pauses) <= LONGEST_PAUSE_SECONDS

    async def _stored(self, interaction_id: InteractionId) -> list[float]:
        events = tables.events.c
        newest_first = await self._connection.scalars(
            select(events.at_seconds)
            .where(events.interaction_id == interaction_id, events.kind == EventKind.KEY_PRESSED)
            .order_by(events.number.desc())
            .limit(_SHOWN)
        )
        return list(newest_first)[::-1]
