from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from scripted_asterisk import HOST, PATIENCE_SECONDS, AmiPeer
from structlog.testing import capture_logs

from ivr.asterisk.ami_events import AmiAddress, AmiEvents, AmiTimes
from ivr.ports import CallEvent, EventKind
from tests.waiting import until

QUICK = AmiTimes(answer=5.0, retry=0.02, refused_retry=0.02, ping=5.0)
JOINED = {
    "Event": "QueueCallerJoin",
    "Queue": "cards",
    "Position": "1",
    "ChanVariable": "STERNIK_ID=call-1",
}


class FakeJournal:
    """Hands what is recorded to the test; refuses calls whose id begins with `bad`."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue()

    def record(self, event: CallEvent) -> None:
        if event.interaction_id.startswith("bad"):
            raise ZeroDivisionError
        self._events.put_nowait(event)

    async def next(self) -> CallEvent:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._events.get()


@asynccontextmanager
async def reading(
    port: int,
    *,
    secret: str = "right",
    times: AmiTimes = QUICK,
) -> AsyncIterator[tuple[AmiEvents, FakeJournal]]:
    journal = FakeJournal()
    address = AmiAddress(host=HOST, port=port, user="sternik", secret=secret)
    ami = AmiEvents(address=address, journal=journal, now=lambda: 7.0, times=times)
    running = asyncio.create_task(ami.run())
    try:
        yield ami, journal
    finally:
        assert not running.done()
        running.cancel()
        await asyncio.wait({running})


async def connected(ami: AmiEvents) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await ami.connected.wait()


async def test_events_of_interactions_are_recorded() -> None:
    async with AmiPeer() as asterisk, reading(asterisk.port) as (ami, journal):
        await connected(ami)
        asterisk.send(**JOINED)
        event = await journal.next()
        assert (event.interaction_id, event.kind) == ("call-1", EventKind.QUEUE_JOINED)
        assert (event.at_seconds, event.data) == (7.0, {"queue": "cards", "position": 1})


async def test_a_message_cut_anywhere_by_tcp_is_whole_letters_included() -> None:
    async with AmiPeer() as asterisk, reading(asterisk.port) as (ami, journal):
        await connected(ami)
        text = "".join(
            f"{name}: {value}\r\n" for name, value in (JOINED | {"Queue": "łódź"}).items()
        )
        for byte in f"{text}\r\n".encode():
            asterisk.send_raw(bytes([byte]))
            await asyncio.sleep(0)
        assert (await journal.next()).data["queue"] == "łódź"


async def test_a_wrong_password_is_told_once_with_advice_and_tried_again_slowly() -> None:
    with capture_logs() as logs:
        async with AmiPeer() as asterisk, reading(asterisk.port, secret="wrong") as (ami, _):
            for _ in range(4):
                assert not await asterisk.logged_in()
            assert not ami.connected.is_set()
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [entry["event"] for entry in warnings] == [
        "AMI refuses the login: queue events are not recorded"
    ]
    assert "STERNIK_AMI_SECRET" in warnings[0]["advice"]
    assert "wrong" not in str(logs)
    assert AmiTimes().refused_retry >= 30.0


async def test_an_asterisk_that_is_not_there_yet_is_told_once_and_found_later() -> None:
    asterisk = AmiPeer()
    async with asterisk:
        pass  # to know a port that is free
    with capture_logs() as logs:
        async with reading(asterisk.port) as (ami, journal):
            await until(lambda: logs)
            async with asterisk:
                await connected(ami)
                asterisk.send(**JOINED)
                await journal.next()
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [entry["event"] for entry in warnings][:1] == [
        "AMI cannot be reached: queue events are not recorded"
    ]
    assert len([w for w in warnings if "reached" in w["event"]]) == 1


async def test_a_lost_connection_is_made_again_and_events_go_on() -> None:
    async with AmiPeer() as asterisk, reading(asterisk.port) as (ami, journal):
        for _ in range(3):
            await asterisk.logged_in()
            await connected(ami)
            asterisk.send(**JOINED)
            await journal.next()
            asterisk.drop_all()


async def test_a_half_open_connection_is_found_by_a_ping_without_an_answer() -> None:
    times = AmiTimes(answer=0.05, retry=0.02, refused_retry=0.02, ping=0.05)
    async with AmiPeer(answers_pings=False) as asterisk, reading(asterisk.port, times=times):
        for _ in range(2):
            assert await asterisk.logged_in()


async def test_a_quiet_connection_that_answers_pings_is_kept() -> None:
    times = AmiTimes(answer=PATIENCE_SECONDS, retry=0.02, refused_retry=0.02, ping=0.01)
    async with AmiPeer() as asterisk, reading(asterisk.port, times=times) as (ami, journal):
        await connected(ami)
        await until(lambda: asterisk.pings >= 5)
        asterisk.send(**JOINED)
        await journal.next()
        assert asterisk.logins.qsize() == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"Position": "first"},
        {"Queue": None, "Position": None},
        {"ChanVariable": "STERNIK_ID=bad-for-the-journal"},
        {"ChanVariable": "STERNIK_ID="},
        {"ChanVariable": None},
        {"Event": "SomethingElse"},
    ],
)
async def test_an_event_that_cannot_be_recorded_breaks_nothing(bad: dict[str, str | None]) -> None:
    async with AmiPeer() as asterisk, reading(asterisk.port) as (ami, journal):
        await connected(ami)
        headers = {name: value for name, value in (JOINED | bad).items() if value is not None}
        asterisk.send(**headers)
        asterisk.send(**JOINED)
        assert (await journal.next()).interaction_id == "call-1"
        assert asterisk.logins.qsize() == 1


@pytest.mark.parametrize(
    "junk", [b"\xff\xfe\0\r\n\r\n", b"no colon\r\n\r\n", b": \r\n\r\n", b"\r\n\r\n\r\n\r\n"]
)
async def test_malformed_messages_are_ignored(junk: bytes) -> None:
    async with AmiPeer() as asterisk, reading(asterisk.port) as (ami, journal):
        await connected(ami)
        asterisk.send_raw(junk)
        asterisk.send(**JOINED)
        await journal.next()
        assert asterisk.logins.qsize() == 1


async def test_an_endless_message_is_cut_off_and_connected_anew() -> None:
    async with AmiPeer() as asterisk, reading(asterisk.port) as (ami, _):
        await connected(ami)
        assert await asterisk.logged_in()
        asterisk.send_raw(b"x" * 200_000)
        assert await asterisk.logged_in()
