"""What happens to calls after steering, read from AMI by panoramisk and written to the journal.

Only events that name an interaction (`channelvars = STERNIK_ID`) are taken. panoramisk would reconnect
by itself and send actions again; here one connection is one object, and this module decides when to
try the next.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from ivr.asterisk.channel_variables import INTERACTION
from ivr.ports import CallEvent, CallJournal, EventKind, InteractionId, WallClock

_log = structlog.get_logger(__name__)
_END_OF_MESSAGE = b"\r\n\r\n"
_MAX_MESSAGE_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiAddress:
    """Where AMI is and who we are there."""

    host: str
    port: int
    user: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiTimes:
    """All in seconds: how long answers are waited for, and when to try and to look again.

    A refused login is tried again slowly: Asterisk logs each as a security event. `ping` is how often a
    connection that may be half-open is asked for a sign of life.
    """

    answer: float = 5.0
    retry: float = 2.0
    refused_retry: float = 30.0
    ping: float = 10.0


class _WholeMessages(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """Gives panoramisk whole messages only: it would decode a read's half of a letter by itself.

    Holds at most 64 KiB of an unfinished message; a peer that sends more is cut off.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._unfinished = b""

    def data_received(self, data: bytes) -> None:
        whole, end, self._unfinished = (self._unfinished + data).rpartition(_END_OF_MESSAGE)
        if len(self._unfinished) > _MAX_MESSAGE_BYTES:
            self.transport.abort()
        elif end:
            super().data_received(whole + end)


class _Connection(Manager):  # type: ignore[misc]  # panoramisk has no types
    """One connection: it never comes back by itself, and a callback can't break it."""

    def __init__(self, address: AmiAddress) -> None:
        super().__init__(
            host=address.host,
            port=address.port,
            username=address.user,
            secret=address.secret,
            protocol_factory=_WholeMessages,
        )
        self.loop = asyncio.get_running_loop()
        self.pinger: asyncio.TimerHandle | None = None
        self.logged_in: Future[bool] = self.loop.create_future()
        self.lost: Future[None] = self.loop.create_future()

    def connection_made(self, f: Task[Any]) -> None:
        if not f.cancelled() and f.exception() is None:
            super().connection_made(f)

    def login(self, future: Future[Any]) -> bool:
        accepted = not future.cancelled() and bool(super().login(future))
        if not self.logged_in.done():
            self.logged_in.set_result(accepted)
        return accepted

    def ping(self) -> None:
        """Nothing: `AmiEvents` pings, with a deadline."""

    def connection_lost(self, exc: object) -> None:  # noqa: ARG002  (panoramisk's signature)
        if self.pinger:
            self.pinger.cancel()
            self.pinger = None
        if not self.logged_in.done():
            self.logged_in.set_result(False)
        if not self.lost.done():
            self.lost.set_result(None)


class AmiEvents:
    """Keeps reading Asterisk's events into the journal until cancelled.

    A refused login or an unreachable Asterisk is said once, with what to do, and tried again; calls
    are steered meanwhile as if nothing had happened, only their later fate is not recorded.
    """

    def __init__(
        self,
        *,
        address: AmiAddress,
        journal: CallJournal,
        now: WallClock,
        times: AmiTimes | None = None,
    ) -> None:
        self._times = times or AmiTimes()
        self._address = address
        self._journal = journal
        self._now = now
        self._said = ""
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Connect, read, and connect again for ever."""
        while True:
            pause = await self._read_one_connection()
            await asyncio.sleep(pause)

    async def _read_one_connection(self) -> float:
        """Live through one connection; returns how long to wait before the next, in seconds."""
        connection = _Connection(self._address)
        for name in _READERS:
            connection.register_event(name, self._take)
        try:
            async with asyncio.timeout(self._times.answer):
                await connection.connect()
        except (OSError, TimeoutError):
            self._say(
                "AMI cannot be reached: queue events are not recorded",
                "is Asterisk running, with manager.conf's port and bindaddr as in STERNIK_AMI_*?",
            )
            return self._times.retry
        try:
            return await self._read(connection)
        finally:
            self.connected.clear()
            connection.close()

    async def _read(self, connection: _Connection) -> float:
        try:
            async with asyncio.timeout(self._times.answer):
                accepted = await connection.logged_in
        except TimeoutError:
            accepted = False
        if not accepted:
            self._say(
                "AMI refuses the login: queue events are not recorded",
                "compare STERNIK_AMI_USER and STERNIK_AMI_SECRET with manager.conf, then "
                "`asterisk -rx 'manager reload'`",
            )
            return self._times.refused_retry
        self._said = ""
        self.connected.set()
        _log.info("AMI connected", host=self._address.host, port=self._address.port)
        while await self._is_alive(connection):
            pass
        self._say("AMI connection lost: connecting again", "")
        return self._times.retry

    async def _is_alive(self, connection: _Connection) -> bool:
        """Read on for a while, then ask for a sign of life; a half-open connection gives none."""
        await asyncio.wait({connection.lost}, timeout=self._times.ping)
        if connection.lost.done():
            return False
        pong = connection.send_action({"Action": "Ping"})
        await asyncio.wait(
            {connection.lost, pong},
            timeout=self._times.answer,
            return_when=asyncio.FIRST_COMPLETED,
        )
        return pong.done() and not connection.lost.done()

    def _say(self, problem: str, advice: str) -> None:
        """Log a problem once until something else happens."""
        if problem != self._said:
            self._said = problem
            _log.warning(problem, advice=advice, host=self._address.host, port=self._address.port)

    def _take(self, _: object, message: Mapping[str, str]) -> None:
        """The boundary of one event: raising here would end the connection inside panoramisk."""
        try:
            event = read_event(message, at_seconds=self._now())
            if event is not None:
                self._journal.record(event)
        except (KeyError, ValueError, TypeError) as error:
            _log.warning("AMI event not understood", problem=repr(error))
        except Exception:  # noqa: BLE001  (the one place)
            _log.exception("AMI event not recorded by a fault of ours")


def read_event(message: Mapping[str, str], *, at_seconds: float) -> CallEvent | None:
    """An AMI event as an event of an interaction; None when it belongs to none.

    Raises `KeyError`, `ValueError` or `TypeError` when an expected header is missing or is no number.
    """
    interaction = _interaction(message)
    reader = _READERS.get(message.get("Event", ""))
    if interaction is None or reader is None:
        return None
    kind, read = reader
    data = read(message)
    if data is None:
        return None
    return CallEvent(
        interaction_id=InteractionId(interaction), kind=kind, at_seconds=at_seconds, data=data
    )


def _interaction(message: Mapping[str, str]) -> str | None:
    """From `ChanVariable: STERNIK_ID=…` (of the caller's channel, where an event names several)."""
    value: object = message.get("ChanVariable", "")
    for variable in value if isinstance(value, list) else [value]:
        name, _, text = str(variable).partition("=")
        if name == INTERACTION and text:
            return text
    return None


def _joined(message: Mapping[str, str]) -> dict[str, object]:
    return {"queue": message["Queue"], "position": int(message["Position"])}


def _abandoned(message: Mapping[str, str]) -> dict[str, object]:
    return {"queue": message["Queue"], "reason": "abandoned"}


def _connected(message: Mapping[str, str]) -> dict[str, object]:
    return {
        "queue": message["Queue"],
        "agent": message["MemberName"],
        "wait_seconds": int(message["HoldTime"]),
    }


def _hung_up(message: Mapping[str, str]) -> dict[str, object] | None:
    """Only the caller's own channel ends the call: the first of its linked channels."""
    if message["Uniqueid"] != message["Linkedid"]:
        return None
    return {"cause": message.get("Cause-txt", ""), "cause_code": int(message["Cause"])}


_READERS = {
    "QueueCallerJoin": (EventKind.QUEUE_JOINED, _joined),
    "QueueCallerAbandon": (EventKind.QUEUE_LEFT, _abandoned),
    "AgentConnect": (EventKind.AGENT_CONNECTED, _connected),
    "Hangup": (EventKind.CALL_ENDED, _hung_up),
}
