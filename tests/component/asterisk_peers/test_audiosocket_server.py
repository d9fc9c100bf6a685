from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator

import pytest
from scripted_asterisk import HOST, PATIENCE_SECONDS, VOICE, AudioPeer

from ivr.asterisk import audiosocket_server
from ivr.asterisk.audiosocket_link import AudioSocketLink
from ivr.asterisk.audiosocket_protocol import (
    KIND_AUDIO_8KHZ,
    KIND_HANGUP,
    audio_frame,
    digit_frame,
    hangup_frame,
)
from ivr.asterisk.audiosocket_server import AudioSocketServer
from ivr.errors import ConfigurationError, PeerTimeoutError
from ivr.ports import (
    FRAME_BYTES,
    AudioClosed,
    AudioEvent,
    CallerDigit,
    CallerFrame,
    PlaybackEnded,
)

SILENCE = bytes(FRAME_BYTES)


@pytest.fixture
async def server() -> AsyncIterator[AudioSocketServer]:
    async with AudioSocketServer(host=HOST) as running:
        yield running


async def connect(server: AudioSocketServer) -> tuple[AudioPeer, AudioSocketLink]:
    audio_id = server.expect()
    peer = await AudioPeer.connect(server.address, audio_id)
    return peer, await server.connected(audio_id, seconds=PATIENCE_SECONDS)


async def read_all(link: AudioSocketLink) -> list[AudioEvent]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [event async for event in link.events()]


async def test_silence_flows_before_any_inbound_frame(server: AudioSocketServer) -> None:
    peer, link = await connect(server)
    for _ in range(10):
        assert await peer.frame() == (KIND_AUDIO_8KHZ, SILENCE)
    await link.close()
    await peer.close()


async def test_both_directions_at_once(server: AudioSocketServer) -> None:
    peer, link = await connect(server)
    link.play(VOICE * 5)
    peer.send_voice(30)
    peer.send(digit_frame("5") + hangup_frame())
    heard = await read_all(link)
    frames = [event for event in heard if isinstance(event, CallerFrame)]
    assert [frame.index for frame in frames if frame.pcm == VOICE] == list(range(30))
    assert CallerDigit(digit="5") in heard
    assert isinstance(heard[-1], AudioClosed)
    await peer.close()


async def test_a_prompt_is_heard_whole_between_silence_and_its_end_is_told(
    server: AudioSocketServer,
) -> None:
    peer, link = await connect(server)
    playback = link.play(VOICE * 5)
    frames = await peer.frames_until(lambda _, pcm: pcm == VOICE)
    frames += await peer.frames_until(lambda _, pcm: pcm == SILENCE)
    assert [pcm for _, pcm in frames].count(VOICE) == 5
    await link.close()
    assert PlaybackEnded(playback=playback) in await read_all(link)
    await peer.close()


async def test_a_second_of_audio_takes_a_second(server: AudioSocketServer) -> None:
    """Counted, so that a busy machine fails nobody: frames sent against time gone by."""
    peer, link = await connect(server)
    loop = asyncio.get_running_loop()
    await peer.frame()
    began = loop.time()
    for _ in range(50):
        await peer.frame()
    took = loop.time() - began
    assert took + 0.1 >= 50 * 0.02
    await link.close()
    await peer.close()


async def test_stopping_a_prompt_is_immediate(server: AudioSocketServer) -> None:
    peer, link = await connect(server)
    link.play(VOICE * 500)
    await peer.frames_until(lambda _, pcm: pcm == VOICE)
    link.stop_playback()
    after = await peer.frames_until(lambda _, pcm: pcm == SILENCE)
    assert len(after) <= 6  # 100 ms at most were on their way
    await link.close()
    await peer.close()


async def test_closing_sends_hang_up_and_the_connection_ends(server: AudioSocketServer) -> None:
    peer, link = await connect(server)
    await link.close()
    frames = await peer.frames_until(lambda kind, _: kind == KIND_HANGUP)
    assert frames[-1] == (KIND_HANGUP, b"")
    with pytest.raises(EOFError):
        await peer.frame()
    assert (await read_all(link))[-1] == AudioClosed(reason="closed by us")
    await peer.close()


@pytest.mark.parametrize("by_reset", [False, True])
async def test_a_lost_connection_ends_the_audio(server: AudioSocketServer, by_reset: bool) -> None:
    peer, link = await connect(server)
    if by_reset:
        peer.writer.transport.abort()
    else:
        await peer.close()
    assert isinstance((await read_all(link))[-1], AudioClosed)


async def test_a_connection_nobody_expects_is_closed_at_once(server: AudioSocketServer) -> None:
    peer = await AudioPeer.connect(server.address, uuid.uuid4())
    await peer.closed()
    await peer.close()


async def test_a_second_connection_for_the_same_call_is_closed(
    server: AudioSocketServer, caplog: pytest.LogCaptureFixture
) -> None:
    audio_id = server.expect()
    first = await AudioPeer.connect(server.address, audio_id)
    await first.frame()
    second = await AudioPeer.connect(server.address, audio_id)
    await second.closed()
    link = await server.connected(audio_id, seconds=PATIENCE_SECONDS)
    third = await AudioPeer.connect(server.address, audio_id)
    await third.closed()
    assert await first.frame() == (KIND_AUDIO_8KHZ, SILENCE)
    await link.close()
    for peer in (first, second, third):
        await peer.close()
    assert not caplog.records


async def test_an_asterisk_that_never_connects_is_a_time_out(server: AudioSocketServer) -> None:
    audio_id = server.expect()
    with pytest.raises(PeerTimeoutError):
        await server.connected(audio_id, seconds=0.02)
    late = await AudioPeer.connect(server.address, audio_id)
    await late.closed()
    await late.close()


async def test_silent_connections_are_closed_after_the_time_to_say_who_they_are(
    monkeypatch: pytest.MonkeyPatch, server: AudioSocketServer
) -> None:
    monkeypatch.setattr(audiosocket_server, "_IDENTIFY_SECONDS", 0.05)
    peers = [await AudioPeer.connect(server.address) for _ in range(50)]
    for peer in peers:
        await peer.closed()
        await peer.close()


async def test_a_thousand_bare_connects_leave_nothing_behind(server: AudioSocketServer) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(1000):
        peer = await AudioPeer.connect(server.address)
        await peer.close()
    caller, link = await connect(server)
    assert await caller.frame() == (KIND_AUDIO_8KHZ, SILENCE)
    await link.close()
    await caller.closed()
    await caller.close()
    assert len(asyncio.all_tasks()) == before
    assert not server.pacer.members


async def test_a_hundred_callers_hear_their_own_prompt_and_are_heard(
    server: AudioSocketServer,
) -> None:
    async def call(number: int) -> None:
        peer, link = await connect(server)
        prompt = bytes([number, 1]) * 160
        playback = link.play(prompt * 10)
        peer.send(audio_frame(prompt))
        frames = await peer.frames_until(lambda _, pcm: pcm == prompt)
        frames += await peer.frames_until(lambda _, pcm: pcm == SILENCE)
        await link.close()
        events = await read_all(link)
        assert [pcm for _, pcm in frames].count(prompt) == 10
        assert CallerFrame(pcm=prompt, index=0) in events
        assert PlaybackEnded(playback=playback) in events
        await peer.close()

    await asyncio.gather(*(call(number) for number in range(100)))


async def test_shutdown_hands_every_caller_back() -> None:
    async with AudioSocketServer(host=HOST) as server:
        peer, link = await connect(server)
    assert await peer.frames_until(lambda kind, _: kind == KIND_HANGUP)
    assert isinstance((await read_all(link))[-1], AudioClosed)
    await peer.close()


async def test_a_port_in_use_is_told_with_advice() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as caught:
            async with AudioSocketServer(host=HOST, port=port):
                pass
    assert "STERNIK_AUDIOSOCKET_PORT" in caught.value.advice
