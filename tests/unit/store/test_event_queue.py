from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.ports import CallEvent, EventKind, InteractionId
from ivr.store.event_queue import Admission, EventQueue


def numbered(index: int, *, is_partial: bool) -> CallEvent:
    kind = EventKind.WORDS_HEARD if is_partial else EventKind.SPEECH_STARTED
    return CallEvent(interaction_id=InteractionId("1"), kind=kind, at_seconds=index)


@given(st.lists(st.booleans()), st.integers(1, 6), st.integers(0, 3))
def test_order_holds_within_the_capacity_and_partials_go_first(
    partials: list[bool], capacity: int, taken: int
) -> None:
    queue = EventQueue(capacity)
    happened = [numbered(index, is_partial=one) for index, one in enumerate(partials)]
    being_written: list[CallEvent] = []
    lost = dropped = 0
    for index, event in enumerate(happened):
        if index == 3:
            being_written = queue.take(taken)
        admission = queue.put(event)
        if admission is Admission.EVENT_LOST:
            lost += 1
            assert event.kind != EventKind.WORDS_HEARD
        dropped += admission is Admission.PARTIAL_DROPPED
        assert len(queue) <= capacity
    kept = [*being_written, *queue.take(100)]
    assert [event.at_seconds for event in kept] == sorted(event.at_seconds for event in kept)
    assert len(kept) + lost + dropped == len(happened)
    queue.written()
    assert len(queue) == 0


def test_no_event_is_lost_while_partial_words_wait() -> None:
    queue = EventQueue(3)
    for index in range(3):
        queue.put(numbered(index, is_partial=True))
    assert [queue.put(numbered(index, is_partial=False)) for index in range(3, 7)] == [
        *[Admission.PARTIAL_DROPPED] * 3,
        Admission.EVENT_LOST,
    ]
    assert [event.at_seconds for event in queue.take(9)] == [3, 4, 5]
