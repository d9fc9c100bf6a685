from __future__ import annotations

import asyncio
import math
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from store_events import CALL, event, whole_call
from structlog.testing import capture_logs

from ivr.ports import CallEvent, EventKind
from ivr.store.batch_writer import BatchWriter
from ivr.store.journal import Journal, JournalLimits

if TYPE_CHECKING:
    from ivr.store.opening import Store
    from ivr.store.records import StoredEvent


async def record(store: Store, *events: CallEvent) -> None:
    async with store.journal() as journal:
        for one in events:
            journal.record(one)
    assert journal.lost_events == 0


async def next_events(store: Store, after: int, count: int) -> list[StoredEvent]:
    got: list[StoredEvent] = []
    async with asyncio.timeout(20), aclosing(store.event_log.follow(after)) as following:
        async for one in following:
            got.append(one)
            if len(got) == count:
                break
    return got


async def test_a_whole_call_is_told_by_its_tables(store: Store) -> None:
    await record(store, *whole_call())

    call = await store.calls.get(CALL)
    assert call is not None
    assert (call.caller_number, call.started_at_seconds) == ("+48600123456", 100.5)
    assert (call.steered, call.queue, call.agent) == (True, "cards", "anna")
    assert (call.outcome, call.ended_at_seconds) == ("steered", 160.0)
    assert (call.recogniser_engine, call.classifier_version) == ("pocketsphinx", "model-1")
    (turn,) = await store.calls.turns(CALL)
    assert (turn.turn, turn.prompt, turn.words) == (1, "greeting", "block my card [number]")
    assert [candidate.intent for candidate in turn.candidates] == ["card", "pin"]
    assert turn.at_seconds == 103.25
    (decision,) = await store.calls.decisions(CALL)
    assert decision.reasons == ("card is sure enough", "the queue is open")
    assert (decision.thresholds, decision.queue, decision.priority) == ({"accept": 0.7}, "cards", 5)
    assert (decision.policy_version, decision.model_version) == ("policy-1", "model-1")
    assert await store.calls.recent(10) == [call]


async def test_positions_and_numbers_count_up_without_gaps_over_several_journals(
    store: Store,
) -> None:
    await record(store, *whole_call())
    await record(store, event(EventKind.NO_INPUT, turn=1, call="other"))
    await record(store, event(EventKind.SPEECH_STARTED))

    events = await store.event_log.read(after=0)
    assert [one.position for one in events] == list(range(1, 13))
    numbers = [one.number for one in events if one.interaction_id == CALL]
    assert numbers == list(range(1, 12))
    assert [one.position for one in await store.event_log.read(after=4, limit=3)] == [5, 6, 7]
    assert len(await store.event_log.read_call(CALL)) == 11
    assert await store.event_log.last_position() == 12


async def test_no_number_a_caller_said_is_stored_and_only_three_digits_of_theirs_in_events(
    store: Store,
) -> None:
    await record(
        store, *whole_call(), event(EventKind.RECOGNISER_LOST, more={"pii_words": "call 600123456"})
    )

    events = await store.event_log.read(after=0)
    assert events[0].data["pii_caller_number"] == "…456"
    assert events[2].data["pii_words"] == "card [number]"
    assert events[3].data["pii_words"] == "block my card [number]"
    assert events[-1].data["more"] == {"pii_words": "call [number]"}


async def test_a_number_typed_key_by_key_is_stored_to_its_third_digit_only(store: Store) -> None:
    typed = [
        event(EventKind.KEY_PRESSED, at_seconds=100 + second, digit=digit)
        for second, digit in enumerate("4111")
    ]
    await record(store, event(EventKind.KEY_PRESSED, at_seconds=50, digit="2"), *typed[:3])
    later = event(EventKind.KEY_PRESSED, at_seconds=120, digit="0")
    await record(store, typed[3], event(EventKind.SPEECH_STARTED), *typed[:1], later)

    stored = [one.data.get("digit") for one in await store.event_log.read(after=0)]
    assert stored == ["2", "4", "1", "1", "[number]", None, "[number]", "0"]


async def test_a_call_whose_beginning_was_lost_is_stored_all_the_same(store: Store) -> None:
    await record(store, event(EventKind.CALL_ENDED, at_seconds=7.0, cause="16"))

    call = await store.calls.get(CALL)
    assert call is not None
    assert (call.started_at_seconds, call.ended_at_seconds, call.steered) == (7.0, 7.0, False)


async def test_values_a_database_refuses_are_made_storable(store: Store) -> None:
    await record(
        store,
        event(EventKind.RECOGNISER_LOST, problem="a\x00b\ud800", far=math.inf, kind=object),
    )

    (stored,) = await store.event_log.read(after=0)
    assert stored.data["problem"] == "a\ufffdb?"
    assert stored.data["far"] is None


async def test_an_event_the_store_refuses_is_dropped_alone_and_told(store: Store) -> None:
    with capture_logs() as logs:
        async with store.journal() as journal:
            journal.record(event(EventKind.SPEECH_STARTED))
            journal.record(event(EventKind.DECISION_MADE, turn=1))
            journal.record(event(EventKind.CALL_ENDED, cause="16"))

    stored = await store.event_log.read(after=0)
    assert [(one.number, one.kind) for one in stored] == [(1, "speech.started"), (2, "call.ended")]
    assert journal.lost_events == 1
    assert [entry["event_kind"] for entry in logs if "refused" in entry["event"]] == [
        "decision.made"
    ]


async def test_a_batch_whose_commit_was_not_confirmed_is_stored_once(store: Store) -> None:
    writer = BatchWriter(store.database, lambda: 1.0)
    await writer.write(1, whole_call())
    await writer.write(1, whole_call())
    await writer.write(2, [event(EventKind.SPEECH_STARTED)])

    assert [one.number for one in await store.event_log.read_call(CALL)] == list(range(1, 12))


async def test_whoever_follows_gets_what_was_there_and_what_comes(store: Store) -> None:
    await record(store, *whole_call()[:3])
    following = asyncio.create_task(next_events(store, 1, 5))
    async with store.journal() as journal:
        for one in whole_call()[3:6]:
            journal.record(one)
        assert [one.position for one in await following] == [2, 3, 4, 5, 6]


async def test_many_followers_each_get_every_event(store: Store) -> None:
    followers = [asyncio.create_task(next_events(store, 0, 10)) for _ in range(8)]
    await record(store, *whole_call())
    for one in await asyncio.gather(*followers):
        assert [stored.position for stored in one] == list(range(1, 11))


async def test_events_recorded_after_the_end_are_counted_not_raised(store: Store) -> None:
    async with store.journal() as journal:
        pass
    journal.record(event(EventKind.SPEECH_STARTED))
    assert journal.lost_events == 1
    assert await store.event_log.read(after=0) == []


class DeadWriter:
    """A database that never answers."""

    async def write(self, _batch: int, _events: object) -> None:
        await asyncio.Event().wait()

    async def forget(self) -> None:
        raise AssertionError


async def test_the_end_does_not_wait_longer_than_its_deadline() -> None:
    with capture_logs() as logs:
        async with Journal(DeadWriter(), JournalLimits(drain_seconds=0.01)) as journal:
            journal.record(event(EventKind.SPEECH_STARTED))
            journal.record(event(EventKind.CALL_ENDED, cause="16"))
    assert journal.lost_events == 2
    assert logs[-1]["event"] == "events lost at the end"


@pytest.mark.parametrize("limits", [JournalLimits(queue_events=2, drain_seconds=0.01)])
async def test_a_full_queue_drops_partial_words_before_anything_else(
    limits: JournalLimits,
) -> None:
    async with Journal(DeadWriter(), limits) as journal:
        journal.record(event(EventKind.WORDS_HEARD, pii_words="block"))
        journal.record(event(EventKind.SPEECH_STARTED))
        journal.record(event(EventKind.CALL_ENDED, cause="16"))
        assert (journal.dropped_partials, journal.lost_events) == (1, 0)
        journal.record(event(EventKind.CALL_ENDED, cause="16"))
        assert (journal.dropped_partials, journal.lost_events) == (1, 1)
        assert journal.waiting_events == 2
