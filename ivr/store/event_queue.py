"""Events that wait to be stored."""

from __future__ import annotations

from collections import OrderedDict, deque
from enum import Enum, auto

from ivr.ports import CallEvent, EventKind


class Admission(Enum):
    """What became of an event that was put into the queue."""

    ADMITTED = auto()
    PARTIAL_DROPPED = auto()
    EVENT_LOST = auto()


class EventQueue:
    """At most `capacity` events in order, those that are being written included.

    Overflow: the oldest waiting WORDS_HEARD gives way, for partial words are of little worth once
    the utterance has ended (a new WORDS_HEARD counts as the youngest of them). When none waits, the
    new event is lost, so that what waits stays whole.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: OrderedDict[int, CallEvent] = OrderedDict()
        self._partials: deque[int] = deque()
        self._next_key = 0
        self._taken = 0

    def __len__(self) -> int:
        return len(self._waiting) + self._taken

    def put(self, event: CallEvent) -> Admission:
        """Append an event, by the overflow rule."""
        is_partial = event.kind == EventKind.WORDS_HEARD
        if len(self) < self._capacity:
            self._append(event, is_partial=is_partial)
            return Admission.ADMITTED
        if self._partials:
            del self._waiting[self._partials.popleft()]
            self._append(event, is_partial=is_partial)
            return Admission.PARTIAL_DROPPED
        return Admission.PARTIAL_DROPPED if is_partial else Admission.EVENT_LOST

    def take(self, most: int) -> list[CallEvent]:
        """The oldest events, at most `most`; they count until `written` is called."""
        batch: list[CallEvent] = []
        while self._waiting and len(batch) < most:
            key, event = self._waiting.popitem(last=False)
            if self._partials and self._partials[0] == key:
                self._partials.popleft()
            batch.append(event)
        self._taken += len(batch)
        return batch

    def written(self) -> None:
        """What was taken is stored, or given up."""
        self._taken = 0

    def _append(self, event: CallEvent, *, is_partial: bool) -> None:
        self._waiting[self._next_key] = event
        if is_partial:
            self._partials.append(self._next_key)
        self._next_key += 1
