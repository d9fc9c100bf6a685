"""Softphones that call each other over loopback, and a scripted peer where they behave too well."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from phones import HOST, PATIENCE_SECONDS, LossyRelay, ScriptedPeer, connect, tone

from sternik.softphone import Call, CallState, Codec, EndReason, Softphone
from sternik.softphone.errors import (
    AnswerTimeoutError,
    CallCancelledError,
    CallEndedError,
    CallRejectedError,
    SdpError,
    SipTimeoutError,
    SoftphoneMisuseError,
)
from sternik.softphone.sdp_protocol import parse_sdp
from sternik.softphone.sip_endpoint import SipTimers
from sternik.softphone.sip_protocol import SipMessage, SipRequest, SipResponse, parse_name_address

QUICK = SipTimers(t1_seconds=0.02, t2_seconds=0.08)


@pytest.fixture(autouse=True)
async def no_task_is_left_behind() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}
    assert not left


async def ended(call: Call) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await call.ended.wait()


def dial(caller: Softphone, port: int, **more: Any) -> Call:
    return caller.dial("100", to_host=HOST, to_port=port, caller_number="600", **more)


# The caller's side.


async def test_call_reports_number_and_name_of_the_caller() -> None:
    async with Softphone() as caller, Softphone() as callee:
        call = dial(caller, callee.port, caller_name='Żaneta "Ż"')
        incoming = await anext(callee.incoming())
        assert incoming.caller_number == "600"
        assert incoming.caller_name == 'Żaneta "Ż"'
        assert incoming.called_number == "100"
        assert incoming.headers.get("User-Agent") is not None
        await incoming.ring()
        await call.ringing.wait()
        assert call.state is CallState.RINGING
        taken = await incoming.answer()
        await call.wait_answered()
        assert call.state is taken.state is CallState.ANSWERED
        assert call.answered_at_seconds is not None


async def test_played_sound_arrives_and_finished_is_its_last_packet() -> None:
    async with Softphone() as caller, Softphone() as callee:
        call, taken = await connect(caller, callee)
        playback = call.play(tone(210))
        finished_at = await playback.finished
        assert playback.started_at_seconds is not None
        heard_at = await taken.received.wait_for_sound(playback.started_at_seconds, 2.0)
        silent_at = await taken.received.wait_for_silence(
            100, 2.0, after_seconds=playback.started_at_seconds
        )
        assert heard_at - playback.started_at_seconds < 0.02
        assert abs(silent_at - finished_at) < 0.02
        loud = [p for p in taken.received.packets if p.energy_dbfs > -45]
        assert len(loud) == 11


async def test_pieces_join_without_a_gap() -> None:
    async with Softphone() as caller, Softphone() as callee:
        call, taken = await connect(caller, callee)
        first, second = call.play(tone(30)), call.play(tone(30))
        finished = [await first.finished, await second.finished]
        assert finished[0] == second.started_at_seconds
        await taken.received.wait_for_silence(60, 2.0, after_seconds=finished[1])
        assert sum(p.energy_dbfs > -45 for p in taken.received.packets) == 3


async def test_sound_goes_both_ways_at_once() -> None:
    async with Softphone() as caller, Softphone(codecs=(Codec.PCMA,)) as callee:
        call, taken = await connect(caller, callee)
        since = time.monotonic()
        call.play(tone(60))
        taken.play(tone(60))
        await call.received.wait_for_sound(since, 2.0)
        await taken.received.wait_for_sound(since, 2.0)
        assert {p.payload_type for p in call.received.packets} == {Codec.PCMA.value}


async def test_stopped_playback_finishes_early() -> None:
    async with Softphone() as caller, Softphone() as callee:
        call, taken = await connect(caller, callee)
        playback = call.play(tone(60_000))
        await taken.received.wait_for_sound(0.0, 2.0)
        call.stop_playing()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await playback.finished
        assert playback.stopped


async def test_muted_caller_sends_only_sound_and_keys() -> None:
    async with Softphone() as caller, Softphone() as callee:
        call = dial(caller, callee.port, send_silence=False)
        taken = await (await anext(callee.incoming())).answer()
        await call.play(tone(40)).finished
        await call.press("7")
        assert await taken.received.wait_for_digits(1, 2.0) == "7"
        assert sum(p.payload_type == 0 for p in taken.received.packets) == 2


async def test_talking_caller_sends_silence_on_the_clock() -> None:
    async with Softphone() as caller, Softphone() as callee:
        _, taken = await connect(caller, callee)
        silent_since = time.monotonic()
        await taken.received.wait_for_silence(200, 2.0, after_seconds=silent_since)
        packets = taken.received.between(silent_since, silent_since + 0.2)
        assert 8 <= len(packets) <= 11
        steps = {b.timestamp - a.timestamp for a, b in itertools.pairwise(packets)}
        assert steps == {160}
        assert caller.lateness().tick_count >= 8


async def test_keys_arrive_in_order_both_ways() -> None:
    async with Softphone() as caller, Softphone() as callee:
        call, taken = await connect(caller, callee)
        pressed, _ = await asyncio.gather(call.press("1*"), taken.press("#A"))
        assert await taken.received.wait_for_digits(2, 2.0) == "1*"
        assert await call.received.wait_for_digits(2, 2.0) == "#A"
        assert 0.06 < pressed[0].ended_at_seconds - pressed[0].started_at_seconds < 0.2


async def test_unknown_key_is_refused() -> None:
    async with Softphone() as caller, Softphone() as callee:
        call, _ = await connect(caller, callee)
        with pytest.raises(SoftphoneMisuseError):
            await call.press("x")


@pytest.mark.parametrize("by_caller", [True, False])
async def test_hang_up_reaches_the_other_side(by_caller: bool) -> None:
    async with Softphone() as caller, Softphone() as callee:
        call, taken = await connect(caller, callee)
        first, second = (call, taken) if by_caller else (taken, call)
        playback = second.play(tone(60_000))
        await first.hang_up()
        await ended(second)
        assert first.end_reason is EndReason.HUNG_UP_BY_US
        assert first.end_status == 200
        assert second.end_reason is EndReason.HUNG_UP_BY_PEER
        with pytest.raises(CallEndedError):
            await playback.finished
        with pytest.raises(CallEndedError):
            second.play(b"")
        assert caller.calls == callee.calls == ()


async def test_rejection_is_a_typed_error_with_status() -> None:
    async with Softphone() as caller, Softphone() as callee:
        call = dial(caller, callee.port)
        await (await anext(callee.incoming())).reject(603)
        with pytest.raises(CallRejectedError) as caught:
            await call.wait_answered()
        assert caught.value.status == call.end_status == 603
        assert call.end_reason is EndReason.REJECTED


async def test_no_common_codec_is_refused_with_488() -> None:
    async with Softphone(codecs=(Codec.PCMU,)) as caller, Softphone(codecs=(Codec.PCMA,)) as callee:
        call = dial(caller, callee.port)
        with pytest.raises(SdpError):
            await (await anext(callee.incoming())).answer()
        with pytest.raises(CallRejectedError) as caught:
            await call.wait_answered()
        assert caught.value.status == 488


async def test_hang_up_before_the_answer_cancels() -> None:
    async with Softphone() as caller, Softphone() as callee:
        call = dial(caller, callee.port)
        incoming = await anext(callee.incoming())
        await incoming.ring()
        await call.ringing.wait()
        await call.hang_up()
        assert call.end_reason is EndReason.CANCELLED
        async with asyncio.timeout(PATIENCE_SECONDS):
            await incoming.cancelled.wait()
        with pytest.raises(CallCancelledError):
            await incoming.answer()
        with pytest.raises(CallCancelledError):
            await call.wait_answered()


async def test_nobody_answering_cancels_after_the_time_out() -> None:
    async with Softphone() as caller, Softphone() as callee:
        with pytest.raises(AnswerTimeoutError):
            await caller.call(
                "1",
                to_host=HOST,
                to_port=callee.port,
                caller_number="2",
                answer_timeout_seconds=0.05,
            )
        incoming = await anext(callee.incoming())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await incoming.cancelled.wait()


async def test_cancelled_task_takes_its_call_back() -> None:
    async with Softphone() as caller, Softphone() as callee:
        calling = asyncio.create_task(
            caller.call("1", to_host=HOST, to_port=callee.port, caller_number="2")
        )
        incoming = await anext(callee.incoming())
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        async with asyncio.timeout(PATIENCE_SECONDS):
            await incoming.cancelled.wait()


async def test_answer_that_crosses_the_cancel_is_hung_up() -> None:
    def drops(message: SipMessage, _count: int) -> bool:
        return isinstance(message, SipRequest) and message.method == "CANCEL"

    async with (
        Softphone(timers=QUICK) as caller,
        Softphone() as callee,
        LossyRelay(callee.port, drops) as relay,
    ):
        call = dial(caller, relay.port)
        incoming = await anext(callee.incoming())
        await incoming.ring()
        await call.ringing.wait()
        hanging_up = asyncio.create_task(call.hang_up())
        await asyncio.sleep(0)
        taken = await incoming.answer()
        await hanging_up
        await ended(taken)
        assert call.end_reason is EndReason.CANCELLED
        assert taken.end_reason is EndReason.HUNG_UP_BY_PEER


# Loss.


@pytest.mark.parametrize("lost", ["INVITE", 200, "ACK"])
async def test_lost_datagram_is_sent_again(lost: str | int) -> None:
    def drops(message: SipMessage, count: int) -> bool:
        kind = message.method if isinstance(message, SipRequest) else message.status
        return kind == lost and count == 1

    async with (
        Softphone(timers=QUICK) as caller,
        Softphone(timers=QUICK) as callee,
        LossyRelay(callee.port, drops) as relay,
    ):
        call = dial(caller, relay.port)
        taken = await (await anext(callee.incoming())).answer()
        await call.wait_answered()
        assert (call.state, taken.state) == (CallState.ANSWERED, CallState.ANSWERED)
        assert len(callee.calls) == 1


async def test_nobody_there_is_a_typed_time_out() -> None:
    async with (
        Softphone(timers=SipTimers(t1_seconds=0.002)) as caller,
        ScriptedPeer(caller.port) as peer,
    ):
        call = dial(caller, peer.port)
        with pytest.raises(SipTimeoutError):
            await call.wait_answered()
        assert call.end_reason is EndReason.TIMED_OUT


# The callee's side, against a scripted peer.


async def test_repeated_invite_is_one_call_and_one_answer() -> None:
    async with Softphone(close_timeout_seconds=0.05) as phone, ScriptedPeer(phone.port) as peer:
        peer.send("INVITE", body=peer.offer())
        peer.send("INVITE", body=peer.offer())
        incoming = await anext(phone.incoming())
        answering = asyncio.create_task(incoming.answer())
        first = await peer.response(200)
        peer.send("INVITE", body=peer.offer())
        assert await peer.response(200) == first
        tag = parse_name_address(first.headers.get("To") or "").tag
        peer.send("ACK", branch="z9hG4bKack", to_tag=tag)
        await answering
        assert len(phone.calls) == 1


async def test_answer_without_ack_is_given_up_with_bye() -> None:
    timers = SipTimers(t1_seconds=0.002)
    async with Softphone(timers=timers) as phone, ScriptedPeer(phone.port) as peer:
        peer.send("INVITE", body=peer.offer())
        incoming = await anext(phone.incoming())
        with pytest.raises(SipTimeoutError):
            await incoming.answer()
        assert (await peer.request("BYE")).uri == f"sip:600@{HOST}:{peer.port}"


async def established(phone: Softphone, peer: ScriptedPeer, *, offer: bytes) -> tuple[Call, str]:
    """A call from the peer, and our tag in it."""
    peer.send("INVITE", body=offer)
    answering = asyncio.create_task((await anext(phone.incoming())).answer())
    response = await peer.response(200)
    tag = parse_name_address(response.headers.get("To") or "").tag
    assert tag is not None
    body = b"" if offer else peer.offer()
    peer.send("ACK", branch="z9hG4bKack", to_tag=tag, body=body)
    return await answering, tag


async def test_invite_without_offer_gets_ours_and_takes_the_answer_from_the_ack() -> None:
    async with Softphone(close_timeout_seconds=0.05) as phone, ScriptedPeer(phone.port) as peer:
        call, _ = await established(phone, peer, offer=b"")
        assert call.state is CallState.ANSWERED
        assert not call.on_hold


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_hold_by_new_offer_is_answered_and_stops_our_sound(method: str) -> None:
    async with Softphone(close_timeout_seconds=0.05) as phone, ScriptedPeer(phone.port) as peer:
        call, tag = await established(phone, peer, offer=peer.offer())
        peer.send(method, cseq=2, to_tag=tag, body=peer.offer(sendrecv="sendonly"))
        answer = await peer.response(200)
        peer.send("ACK", cseq=2, branch="z9hG4bKack2", to_tag=tag)
        assert parse_sdp(answer.body).direction.value == "recvonly"
        assert call.on_hold
        peer.send(method, cseq=3, to_tag=tag, body=peer.offer())
        await peer.response(200)
        peer.send("ACK", cseq=3, branch="z9hG4bKack3", to_tag=tag)
        assert not call.on_hold


async def test_refresh_without_offer_is_answered() -> None:
    async with Softphone(close_timeout_seconds=0.05) as phone, ScriptedPeer(phone.port) as peer:
        _, tag = await established(phone, peer, offer=peer.offer())
        peer.send("UPDATE", cseq=2, to_tag=tag)
        assert (await peer.response(200)).body == b""


async def test_old_request_of_a_call_is_refused() -> None:
    async with Softphone(close_timeout_seconds=0.05) as phone, ScriptedPeer(phone.port) as peer:
        call, tag = await established(phone, peer, offer=peer.offer())
        peer.send("BYE", cseq=0, to_tag=tag)
        await peer.response(500)
        assert call.state is CallState.ANSWERED


@pytest.mark.parametrize(
    ("method", "to_tag", "status"),
    [
        ("OPTIONS", None, 200),
        ("MESSAGE", None, 405),
        ("SUBSCRIBE", None, 405),
        ("BYE", "nobody", 481),
        ("INVITE", "nobody", 481),
        ("CANCEL", None, 481),
        ("UPDATE", None, 481),
    ],
)
async def test_requests_outside_a_call(method: str, to_tag: str | None, status: int) -> None:
    async with Softphone(close_timeout_seconds=0.05) as phone, ScriptedPeer(phone.port) as peer:
        peer.send(method, to_tag=to_tag)
        response = await peer.response(status)
        assert "INVITE" in (response.headers.get("Allow") or "INVITE")


async def test_noise_on_the_sip_port_changes_nothing() -> None:
    async with Softphone(close_timeout_seconds=0.05) as phone, ScriptedPeer(phone.port) as peer:
        for noise in (b"", b"\r\n\r\n", b"\0" * 100, b"INVITE sip:x SIP/2.0\r\n\r\n"):
            peer.send_raw(noise)
        peer.send("OPTIONS")
        assert isinstance(await peer.response(200), SipResponse)


async def test_more_waiting_calls_than_allowed_are_busy() -> None:
    async with Softphone() as caller, Softphone(max_waiting=1) as callee:
        dial(caller, callee.port)
        await anext(callee.incoming())
        dial(caller, callee.port)
        third = dial(caller, callee.port)
        with pytest.raises(CallRejectedError) as caught:
            await third.wait_answered()
        assert caught.value.status == 486


# The phone as a whole.


async def test_leaving_the_phone_hangs_up_and_ends_the_iterator() -> None:
    async with Softphone() as callee:
        async with Softphone() as caller:
            call, taken = await connect(caller, callee)
            reading = asyncio.create_task(_count(caller))
            await asyncio.sleep(0)
        assert await reading == 0
        await ended(taken)
        assert call.end_reason is EndReason.HUNG_UP_BY_US
        assert taken.end_reason is EndReason.HUNG_UP_BY_PEER
        with pytest.raises(SoftphoneMisuseError):
            dial(caller, callee.port)


async def test_an_error_in_the_body_comes_out_as_it_is() -> None:
    async with Softphone() as callee:

        async def failing() -> None:
            async with Softphone() as caller:
                await connect(caller, callee)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await failing()
        for taken in callee.calls:
            await ended(taken)
            assert taken.end_reason is EndReason.HUNG_UP_BY_PEER


async def test_thirty_calls_at_once_all_hear_their_tone() -> None:
    async with Softphone() as caller, Softphone() as callee:
        pairs = [await connect(caller, callee) for _ in range(30)]
        since = time.monotonic()
        for call, _ in pairs:
            call.play(tone(60))
        heard = await asyncio.gather(
            *(taken.received.wait_for_sound(since, PATIENCE_SECONDS) for _, taken in pairs)
        )
        assert len(heard) == 30


async def _count(phone: Softphone) -> int:
    return len([call async for call in phone.incoming()])
