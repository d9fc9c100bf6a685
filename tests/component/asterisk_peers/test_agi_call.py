"""`AgiCall` between a scripted AGI session and a scripted AudioSocket application."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from scripted_asterisk import (
    ENVIRONMENT,
    HOST,
    INTERACTION,
    PATIENCE_SECONDS,
    AgiPeer,
    AudioPeer,
    audiosocket_of,
)

from ivr.asterisk import agi_call
from ivr.asterisk.agi_call import AgiCall
from ivr.asterisk.agi_server import AgiServer, AgiSession
from ivr.asterisk.audiosocket_server import AudioSocketServer
from ivr.errors import CallEndedError, MisuseError, PeerTimeoutError, ProtocolError


class Desk:
    """Serves AGI; each session runs `story` on its `AgiCall`, and its result or error is in `ends`."""

    agi: AgiServer

    def __init__(self, audio: AudioSocketServer) -> None:
        self.audio = audio
        self.story: Callable[[AgiCall], Awaitable[object]] = steer
        self.ends: asyncio.Queue[object] = asyncio.Queue()

    async def handle(self, session: AgiSession) -> None:
        try:
            call = AgiCall(session=session, audio=self.audio)
            try:
                self.ends.put_nowait(await self.story(call))
            finally:
                await call.abandon()
        except Exception as error:  # noqa: BLE001
            self.ends.put_nowait(error)

    async def end(self) -> object:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.ends.get()


async def steer(call: AgiCall) -> str:
    link = await call.open_audio()
    await link.close()
    await call.finish_audio()
    await call.hand_over(queue="cards", priority=5, intent="pin")
    return "steered"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with AudioSocketServer(host=HOST) as audio:
        desk = Desk(audio)
        async with AgiServer(handler=desk.handle, host=HOST, port=0) as desk.agi:
            yield desk


async def start_audio(peer: AgiPeer) -> AudioPeer:
    audio_id, address = audiosocket_of(await peer.command())
    return await AudioPeer.connect(address, audio_id)


async def test_audio_goes_out_and_back_and_the_flag_is_set_last(desk: Desk) -> None:
    peer = await AgiPeer.connect(desk.agi.port)
    command = await peer.command()
    assert re.fullmatch(r'EXEC "TryExec" "AudioSocket\(.+,127\.0\.0\.1:\d+\)"', command)
    audio_id, address = audiosocket_of(command)
    assert address == desk.audio.address
    audio = await AudioPeer.connect(address, audio_id)
    await audio.closed()
    peer.send("200 result=0\n")
    assert [await peer.answer() for _ in range(4)] == [
        'SET VARIABLE "STERNIK_QUEUE" "cards"',
        'SET VARIABLE "STERNIK_PRIORITY" "5"',
        'SET VARIABLE "STERNIK_INTENT" "pin"',
        'SET VARIABLE "STERNIK_STEERED" "yes"',
    ]
    assert await desk.end() == "steered"
    await audio.close()
    await peer.close()


@pytest.mark.parametrize("answered", [0, 1, 2, 3])
async def test_a_hang_up_during_the_hand_over_never_sets_the_flag(
    desk: Desk, answered: int
) -> None:
    peer = await AgiPeer.connect(desk.agi.port)
    audio = await start_audio(peer)
    await audio.closed()
    peer.send("200 result=0\n")
    for _ in range(answered):
        assert "STEERED" not in await peer.answer()
    await peer.command()
    await peer.close()
    assert isinstance(await desk.end(), CallEndedError)
    await audio.close()


@pytest.mark.parametrize(
    ("line", "caller_number"),
    [
        ("agi_callerid: 48600123456", "48600123456"),
        ("agi_callerid: unknown", None),
        ("agi_callerid: Anonymous", None),
        ("agi_callerid: ", None),
        ("agi_callerid: Robert'); DROP TABLE", "Robert'); DROP TABLE"),
    ],
)
async def test_who_calls_is_what_asterisk_says_and_nothing_for_the_withheld(
    desk: Desk, line: str, caller_number: str | None
) -> None:
    async def story(call: AgiCall) -> object:
        return call.interaction_id, call.caller_number, call.called_number, call.channel

    desk.story = story
    environment = ENVIRONMENT.replace("agi_callerid: 48600123456", line)
    peer = await AgiPeer.connect(desk.agi.port, environment=environment)
    told = (INTERACTION, caller_number, "600", "PJSIP/anonymous-00000001")
    assert await desk.end() == told
    await peer.close()


async def test_without_a_dialled_number_the_extension_was_called(desk: Desk) -> None:
    async def story(call: AgiCall) -> object:
        return call.called_number

    desk.story = story
    environment = ENVIRONMENT.replace("agi_dnid: 600", "agi_dnid: unknown")
    peer = await AgiPeer.connect(desk.agi.port, environment=environment)
    assert await desk.end() == "s"
    await peer.close()


async def test_a_dialplan_without_interaction_id_is_told_what_to_write(desk: Desk) -> None:
    environment = ENVIRONMENT.replace(f"agi_arg_1: {INTERACTION}\n", "")
    peer = await AgiPeer.connect(desk.agi.port, environment=environment)
    error = await desk.end()
    assert isinstance(error, ProtocolError)
    assert "${STERNIK_ID}" in str(error)
    await peer.close()


@pytest.mark.parametrize(
    ("reply", "kind", "advice"),
    [
        ("200 result=-2\n", MisuseError, "app_exec.so"),
        ("200 result=0\n", ProtocolError, "app_audiosocket.so"),
        ("200 result=0\nHANGUP\n", CallEndedError, "hung up"),
        ("HANGUP\n200 result=-1\n", CallEndedError, "hung up"),
        ("511 Command Not Permitted on a dead channel\n", CallEndedError, "dead"),
    ],
)
async def test_an_application_that_ends_before_it_connects_says_why(
    desk: Desk, reply: str, kind: type[Exception], advice: str
) -> None:
    peer = await AgiPeer.connect(desk.agi.port)
    await peer.command()
    peer.send(reply)
    error = await desk.end()
    assert type(error) is kind
    assert advice in str(error)
    await peer.close()


async def test_a_hang_up_before_the_audio_began_that_is_told_late_is_no_fault(desk: Desk) -> None:
    peer = await AgiPeer.connect(desk.agi.port)
    await peer.command()
    peer.send("200 result=0\n")
    await asyncio.sleep(0)
    await peer.close()
    assert isinstance(await desk.end(), CallEndedError)


async def test_an_application_that_never_connects_is_a_time_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agi_call, "_CONNECT_SECONDS", 0.05)
    peer = await AgiPeer.connect(desk.agi.port)
    await peer.command()
    assert isinstance(await desk.end(), PeerTimeoutError)
    assert await peer.closed() == b""
    await peer.close()


async def test_an_asterisk_stuck_in_the_application_is_a_time_out_and_the_session_is_closed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agi_call, "_LEAVE_SECONDS", 0.05)
    peer = await AgiPeer.connect(desk.agi.port)
    audio = await start_audio(peer)
    assert isinstance(await desk.end(), PeerTimeoutError)
    assert await peer.closed() == b""
    await audio.close()
    await peer.close()


async def test_the_audio_of_a_call_is_handed_over_once_at_a_time(desk: Desk) -> None:
    async def story(call: AgiCall) -> object:
        link = await call.open_audio()
        with pytest.raises(MisuseError):
            await call.open_audio()
        await link.close()
        await call.finish_audio()
        await call.finish_audio()
        again = await call.open_audio()
        await again.close()
        await call.finish_audio()
        return "twice"

    desk.story = story
    peer = await AgiPeer.connect(desk.agi.port)
    for _ in range(2):
        audio = await start_audio(peer)
        await audio.closed()
        peer.send("200 result=0\n")
        await audio.close()
    assert await desk.end() == "twice"
    await peer.close()


async def test_leaving_a_call_in_the_middle_of_its_audio_ends_its_task(desk: Desk) -> None:
    async def story(call: AgiCall) -> object:
        link = await call.open_audio()
        await link.close()
        raise ZeroDivisionError

    desk.story = story
    peer = await AgiPeer.connect(desk.agi.port)
    audio = await start_audio(peer)
    assert isinstance(await desk.end(), ZeroDivisionError)
    assert await peer.closed() == b""
    await audio.close()
    await peer.close()
