"""The FastAGI server: one task and one `AgiSession` a connection, around the sans-IO protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import structlog

from ivr.asterisk.agi_protocol import (
    AgiConnection,
    AgiEvent,
    EnvironmentReceived,
    HangupReceived,
    ReplyReceived,
)
from ivr.errors import (
    CallEndedError,
    ConfigurationError,
    MisuseError,
    PeerTimeoutError,
    SternikError,
)

_log = structlog.get_logger(__name__)
_READ_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class AgiLimits:
    """Time-outs in seconds; `connections` caps those open at once, further ones are closed."""

    environment_seconds: float = 3.0
    command_seconds: float = 5.0
    connections: int = 5000


class AgiSession:
    """One channel under control: commands out, replies back, hang-up noticed at any moment."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: AgiLimits,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._connection = AgiConnection()
        self._environment: Mapping[str, str] = MappingProxyType({})
        self._ready = asyncio.Event()
        self._ended = asyncio.Event()
        self._reply: asyncio.Future[ReplyReceived] | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """The `agi_*` variables, names without the prefix; unchecked text of the caller's making."""
        return self._environment

    @property
    def ended(self) -> asyncio.Event:
        """Set once the caller hung up or the connection closed."""
        return self._ended

    async def execute(self, application: str, arguments: str, *, seconds: float | None) -> str:
        """Run a dialplan application; returns its result ('-2' when Asterisk lacks it).

        `seconds` None waits as long as the application takes: something else must bound it.
        """
        reply = await self._command("EXEC", application, arguments, seconds=seconds)
        return reply.result

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable (or write a dialplan function such as `TIMEOUT(absolute)`)."""
        await self._command("SET VARIABLE", name, value, seconds=self._limits.command_seconds)

    async def variable(self, name: str) -> str | None:
        """A channel variable's value, None when it is not set."""
        reply = await self._command("GET VARIABLE", name, seconds=self._limits.command_seconds)
        return reply.data if reply.result == "1" else None

    async def _command(self, verb: str, *arguments: str, seconds: float | None) -> ReplyReceived:
        if self._ended.is_set():
            raise CallEndedError("the caller has hung up")
        data = self._connection.send(verb, *arguments)
        self._reply = asyncio.get_running_loop().create_future()
        self._writer.write(data)
        try:
            async with asyncio.timeout(seconds):
                reply = await self._reply
        except TimeoutError as cause:
            self.close()
            raise PeerTimeoutError(f"no answer to AGI {verb} within {seconds} s") from cause
        if reply.code == 511:  # noqa: PLR2004  (not permitted on a dead channel)
            raise CallEndedError("the channel is dead")
        if reply.code != 200:  # noqa: PLR2004
            raise MisuseError(f"Asterisk refused AGI {verb} with {reply.code}")
        return reply

    async def read_until_end(self) -> None:
        """Take in all the peer sends, until it closes; raises `ProtocolError` when it is broken."""
        try:
            while data := await self._reader.read(_READ_BYTES):
                for event in self._connection.receive(data):
                    self._take(event)
        except OSError:
            pass  # a reset connection has ended, like a closed one
        finally:
            self._connection.receive_end()
            self._ended.set()
            self._ready.set()
            if self._reply is not None and not self._reply.done():
                self._reply.set_exception(CallEndedError("Asterisk closed the AGI session"))
                self._reply.exception()  # nobody may be waiting any more

    def _take(self, event: AgiEvent) -> None:
        match event:
            case EnvironmentReceived(variables=variables):
                self._environment = variables
                self._ready.set()
            case ReplyReceived() if self._reply is not None and not self._reply.done():
                self._reply.set_result(event)
            case HangupReceived():
                self._ended.set()

    async def environment_received(self) -> bool:
        """Wait for the environment; False when the peer closed or stayed silent (a port probe)."""
        try:
            async with asyncio.timeout(self._limits.environment_seconds):
                await self._ready.wait()
        except TimeoutError:
            return False
        return self._connection.idle

    def close(self) -> None:
        """Close the connection: the dialplan goes on behind `AGI()`. Idempotent."""
        self._writer.close()


AgiHandler = Callable[[AgiSession], Awaitable[None]]


class AgiServer:
    """Listens for `agi://` and gives every session that speaks AGI to `handler`.

    The handler's end closes the session. An error of a handler or of a peer ends that one connection.
    """

    def __init__(
        self, *, handler: AgiHandler, host: str, port: int, limits: AgiLimits | None = None
    ) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._limits = limits or AgiLimits()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port listened on; known once started."""
        if self._server is None:
            raise MisuseError("the AGI server is not started")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def open_connections(self) -> int:
        """Connections open now, sessions and probes alike."""
        return len(self._connections)

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(
                self._connected, self._host, self._port, backlog=1024
            )
        except OSError as cause:
            raise ConfigurationError(
                f"cannot listen for AGI on {self._host}:{self._port}: {cause.strerror}",
                advice="end the program that uses the port (`ss -ltnp` shows it) or choose another "
                "with STERNIK_AGI_PORT, and the same in the dialplan's globals",
            ) from cause
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop_listening()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)
        if self._server is not None:
            await self._server.wait_closed()

    async def idle(self) -> None:
        """Wait until no connection is open."""
        while self._connections:
            await asyncio.wait(self._connections)

    def stop_listening(self) -> None:
        """Take no new calls; those under way go on."""
        if self._server is not None:
            self._server.close()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._limits.connections:
            _log.warning("AGI connection refused: too many are open", open=len(self._connections))
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The boundary of one connection: whatever goes wrong inside ends here, and only this call."""
        session = AgiSession(reader, writer, self._limits)
        reading = asyncio.create_task(session.read_until_end())
        try:
            if await session.environment_received():
                await self._handler(session)
        except CallEndedError:
            _log.debug("the call ended during its AGI session")
        except SternikError as problem:
            _log.warning("AGI session ended by an error", problem=str(problem))
        except Exception:  # noqa: BLE001  (the one place)
            _log.exception("AGI session ended by a fault of ours")
        finally:
            session.close()
            reading.cancel()
            await asyncio.wait({reading})
            if not reading.cancelled() and (error := reading.exception()) is not None:
                _log.warning("AGI connection closed: the peer is broken", problem=str(error))
