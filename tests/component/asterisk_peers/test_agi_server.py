from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from scripted_asterisk import HOST, INTERACTION, PATIENCE_SECONDS, AgiPeer, agi_arguments
from structlog.testing import capture_logs

from ivr.asterisk.agi_server import AgiHandler, AgiLimits, AgiServer, AgiSession
from ivr.errors import (
    CallEndedError,
    ConfigurationError,
    MisuseError,
    PeerTimeoutError,
    ProtocolError,
)
from tests.waiting import until

LIMITS = AgiLimits(environment_seconds=5.0, command_seconds=5.0, connections=5000)
QUICK = AgiLimits(environment_seconds=0.05, command_seconds=0.05, connections=5000)


class Sessions:
    """A handler that notes how each session ended."""

    def __init__(self, story: Callable[[AgiSession], Awaitable[object]]) -> None:
        self._story = story
        self.ends: asyncio.Queue[object] = asyncio.Queue()
        self.begun = 0

    async def __call__(self, session: AgiSession) -> None:
        self.begun += 1
        try:
            self.ends.put_nowait(await self._story(session))
        except BaseException as error:
            self.ends.put_nowait(error)
            raise

    async def end(self) -> object:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.ends.get()


@asynccontextmanager
async def serving(handler: AgiHandler, limits: AgiLimits = LIMITS) -> AsyncIterator[AgiServer]:
    async with AgiServer(handler=handler, host=HOST, port=0, limits=limits) as server:
        yield server
        async with asyncio.timeout(PATIENCE_SECONDS):
            await server.idle()
    assert server.open_connections == 0


async def read_language(session: AgiSession) -> str | None:
    return await session.variable("LANG")


# --- a session ------------------------------------------------------------------------------------


async def test_a_session_gets_its_environment_and_talks_both_ways() -> None:
    async def story(session: AgiSession) -> object:
        await session.set_variable("NAME", 'a "quoted" \\ value')
        missing = await session.variable("MISSING")
        result = await session.execute("Playback", "hello", seconds=None)
        return session.environment["arg_1"], missing, await session.variable("LANG"), result

    handler = Sessions(story)
    async with serving(handler) as server:
        peer = await AgiPeer.connect(server.port)
        assert await peer.answer() == 'SET VARIABLE "NAME" "a \\"quoted\\" \\\\ value"'
        assert await peer.answer("200 result=0") == 'GET VARIABLE "MISSING"'
        assert await peer.answer("200 result=-2") == 'EXEC "Playback" "hello"'
        assert await peer.answer("200 result=1 (en (GB))") == 'GET VARIABLE "LANG"'
        assert await handler.end() == (INTERACTION, None, "en (GB)", "-2")
        assert await peer.closed() == b""
        await peer.close()


@pytest.mark.parametrize("argument", ["a\nSET VARIABLE X 1", "a\rb", "a\0b"])
async def test_a_line_break_in_an_argument_is_refused_before_anything_is_sent(
    argument: str,
) -> None:
    async def story(session: AgiSession) -> object:
        with pytest.raises(MisuseError):
            await session.set_variable("NAME", argument)
        return await session.variable("LANG")

    handler = Sessions(story)
    async with serving(handler) as server:
        peer = await AgiPeer.connect(server.port)
        assert await peer.answer("200 result=1 (en)") == 'GET VARIABLE "LANG"'
        assert await handler.end() == "en"
        await peer.close()


async def test_two_commands_at_once_are_misuse_and_the_first_is_still_answered() -> None:
    async def story(session: AgiSession) -> object:
        first = asyncio.create_task(session.variable("A"))
        await asyncio.sleep(0)
        with pytest.raises(MisuseError):
            await session.variable("B")
        return await first

    handler = Sessions(story)
    async with serving(handler) as server:
        peer = await AgiPeer.connect(server.port)
        await peer.answer("200 result=1 (first)")
        assert await handler.end() == "first"
        await peer.close()


# --- hang-up --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["HANGUP\n200 result=1 (en)\n", "200 result=1 (en)\nHANGUP\n"])
async def test_hangup_before_or_after_a_reply_is_no_reply(text: str) -> None:
    async def story(session: AgiSession) -> object:
        value = await session.variable("LANG")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await session.ended.wait()
        with pytest.raises(CallEndedError):
            await session.set_variable("X", "1")
        return value

    handler = Sessions(story)
    async with serving(handler) as server:
        peer = await AgiPeer.connect(server.port)
        await peer.command()
        peer.send(text)
        assert await handler.end() == "en"
        assert await peer.closed() == b""  # nothing was sent after the hang-up
        await peer.close()


async def test_hangup_between_replies_ends_the_session_and_no_reply_is_off_by_one() -> None:
    async def story(session: AgiSession) -> object:
        await session.set_variable("X", "1")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await session.ended.wait()
        return await session.variable("LANG")

    handler = Sessions(story)
    async with serving(handler) as server:
        peer = await AgiPeer.connect(server.port)
        await peer.answer()
        peer.send("HANGUP\n")
        assert isinstance(await handler.end(), CallEndedError)
        await peer.close()


async def test_a_dead_channel_is_an_ended_call() -> None:
    handler = Sessions(read_language)
    with capture_logs() as logs:
        async with serving(handler) as server:
            peer = await AgiPeer.connect(server.port)
            await peer.answer("511 Command Not Permitted on a dead channel or intercept routine")
            assert isinstance(await handler.end(), CallEndedError)
            await peer.close()
    assert not [entry for entry in logs if entry["log_level"] in ("warning", "error")]


@pytest.mark.parametrize(
    "reply",
    [
        "510 Invalid or unknown command",
        "520-Usage:\nSET VARIABLE <name> <value>\n520 End of usage.",
    ],
)
async def test_a_refused_command_is_our_bug_and_ends_this_call(reply: str) -> None:
    handler = Sessions(read_language)
    async with serving(handler) as server:
        peer = await AgiPeer.connect(server.port)
        await peer.answer(reply)
        assert isinstance(await handler.end(), MisuseError)
        await peer.close()


@pytest.mark.parametrize("by_reset", [False, True])
async def test_the_end_of_the_connection_in_mid_command_ends_the_call(by_reset: bool) -> None:
    handler = Sessions(read_language)
    async with serving(handler) as server:
        peer = await AgiPeer.connect(server.port)
        await peer.command()
        if by_reset:
            peer.reset()
        else:
            peer.send("200 resu")
            await peer.close()
        assert isinstance(await handler.end(), CallEndedError)


async def test_a_command_without_an_answer_times_out_and_closes_the_session_at_once() -> None:
    async def story(session: AgiSession) -> object:
        try:
            return await session.variable("LANG")
        except PeerTimeoutError:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await session.ended.wait()
            raise

    handler = Sessions(story)
    limits = AgiLimits(environment_seconds=5.0, command_seconds=0.05)
    with capture_logs() as logs:
        async with serving(handler, limits) as server:
            peer = await AgiPeer.connect(server.port)
            await peer.command()
            assert isinstance(await handler.end(), PeerTimeoutError)
            assert await peer.closed() == b""
            await peer.close()
    assert [e["problem"] for e in logs] == ["no answer to AGI GET VARIABLE within 0.05 s"]


# --- strangers and faults -------------------------------------------------------------------------


async def test_a_thousand_bare_connects_and_200_silent_ones_cost_nothing() -> None:
    handler = Sessions(read_language)
    async with serving(handler) as server:
        before = len(asyncio.all_tasks())
        silent = [await asyncio.open_connection(HOST, server.port) for _ in range(200)]
        for _ in range(1000):
            _, writer = await asyncio.open_connection(HOST, server.port)
            writer.close()
            await writer.wait_closed()
        # a caller is served meanwhile
        peer = await AgiPeer.connect(server.port)
        await peer.answer("200 result=1 (en)")
        assert await handler.end() == "en"
        await peer.close()
        for _, writer in silent:
            writer.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await server.idle()
        await asyncio.sleep(0)
        assert handler.begun == 1
        assert len(asyncio.all_tasks()) == before


async def test_a_bare_connect_is_read_from_a_handful_of_times_and_then_never_again() -> None:
    """A server that spins on the end of a connection reads for ever."""
    reads = 0

    class Counting(asyncio.StreamReader):
        async def read(self, n: int = -1) -> bytes:
            nonlocal reads
            reads += 1
            return await super().read(n)

    class Server(AgiServer):
        def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            reader.__class__ = Counting
            super()._connected(reader, writer)

    handler = Sessions(read_language)
    async with Server(handler=handler, host=HOST, port=0, limits=LIMITS) as server:
        _, writer = await asyncio.open_connection(HOST, server.port)
        await until(lambda: server.open_connections)
        writer.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await server.idle()
    assert reads == 1
    assert handler.begun == 0


async def test_silent_connections_are_closed_after_the_time_for_the_environment() -> None:
    handler = Sessions(read_language)
    async with serving(handler, QUICK) as server:
        peers = [await AgiPeer.connect(server.port, environment="") for _ in range(50)]
        peers.append(await AgiPeer.connect(server.port, environment="agi_network: yes\n"))
        for peer in peers:
            assert await peer.closed() == b""
            await peer.close()
    assert handler.begun == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0\xff\xfe" * 5000,
        b"agi_network: yes\nnonsense\n\n",
        b"x" * 100_000,
        b"agi_a: 1\n" * 20 + b"agi_" + b"y" * 9000,
        b"".join(b"agi_%d: 1\n" % number for number in range(300)) + b"\n",
    ],
)
async def test_garbage_is_cut_off_without_an_answer(garbage: bytes) -> None:
    handler = Sessions(read_language)
    with capture_logs() as logs:
        async with serving(handler) as server:
            peer = await AgiPeer.connect(server.port, environment="")
            peer.send(garbage)
            assert await peer.closed() == b""
            await peer.close()
    assert handler.begun == 0
    assert [entry["event"] for entry in logs] == ["AGI connection closed: the peer is broken"]


async def test_garbage_instead_of_a_reply_ends_that_call() -> None:
    handler = Sessions(read_language)
    with capture_logs() as logs:
        async with serving(handler) as server:
            peer = await AgiPeer.connect(server.port)
            await peer.command()
            peer.send("hello there\n")
            assert isinstance(await handler.end(), CallEndedError)
            await peer.close()
    assert "AGI connection closed: the peer is broken" in [entry["event"] for entry in logs]


@pytest.mark.parametrize("fault", [ZeroDivisionError("fault"), ProtocolError("broken")])
async def test_a_handlers_error_ends_its_connection_only_and_is_logged(fault: Exception) -> None:
    async def story(session: AgiSession) -> object:
        if await session.variable("FAULTY") == "yes":
            raise fault
        return await session.variable("LANG")

    handler = Sessions(story)
    with capture_logs() as logs:
        async with serving(handler) as server:
            good, bad = await AgiPeer.connect(server.port), await AgiPeer.connect(server.port)
            await good.answer("200 result=1 (no)")
            await bad.answer("200 result=1 (yes)")
            assert await handler.end() is fault
            assert await bad.closed() == b""
            assert agi_arguments(await good.answer("200 result=1 (en)")) == ["LANG"]
            assert await handler.end() == "en"
            await good.close()
            await bad.close()
    (entry,) = logs
    assert entry["log_level"] == ("warning" if isinstance(fault, ProtocolError) else "error")


async def test_connections_over_the_cap_are_closed_and_those_open_go_on() -> None:
    handler = Sessions(read_language)
    limits = AgiLimits(environment_seconds=5.0, command_seconds=5.0, connections=3)
    async with serving(handler, limits) as server:
        peers = [await AgiPeer.connect(server.port) for _ in range(3)]
        for peer in peers:
            await peer.command()
        refused = await AgiPeer.connect(server.port)
        assert await refused.closed() == b""
        await refused.close()
        for peer in peers:
            peer.send("200 result=1 (en)\n")
            assert await handler.end() == "en"
            await peer.close()
    assert handler.begun == 3


# --- start and stop -------------------------------------------------------------------------------


async def test_shutdown_cancels_what_runs_and_closes_its_connection() -> None:
    handler = Sessions(read_language)
    async with AgiServer(handler=handler, host=HOST, port=0) as server:
        peer = await AgiPeer.connect(server.port)
        await peer.command()
    assert isinstance(await handler.end(), asyncio.CancelledError)
    assert await peer.closed() == b""
    assert server.open_connections == 0
    await peer.close()


async def test_no_call_is_taken_after_listening_stopped_while_others_go_on() -> None:
    handler = Sessions(read_language)
    async with serving(handler) as server:
        port = server.port
        peer = await AgiPeer.connect(port)
        await peer.command()
        server.stop_listening()
        with pytest.raises(ConnectionRefusedError):
            await AgiPeer.connect(port)
        peer.send("200 result=1 (en)\n")
        assert await handler.end() == "en"
        await peer.close()


async def test_a_port_in_use_is_told_with_advice() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as caught:
            async with AgiServer(handler=Sessions(read_language), host=HOST, port=port):
                pass
    assert str(port) in caught.value.problem
    assert "STERNIK_AGI_PORT" in caught.value.advice
