"""One call: its states, its sound, and the requests of its dialog."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from .dialog_protocol import ALLOW, Dialog
from .errors import (
    CallCancelledError,
    CallEndedError,
    CallRejectedError,
    PeerTimeoutError,
    SdpError,
    SipParseError,
    SipTimeoutError,
    SoftphoneError,
)
from .g711 import Codec
from .outgoing_invite import OutgoingInvite
from .pacer import Pacer
from .playback import Playback
from .recording import Recording
from .rtp_session import PressedDigit, RtpSession
from .sdp_protocol import MEDIA_TYPE, AudioDescription, answer_to, build_sdp, parse_sdp
from .sip_endpoint import Address, ServerTransaction, SipEndpoint
from .sip_protocol import Header, Headers, SipRequest, SipResponse, cseq_of


class CallState(Enum):
    """How far a call is; it only moves down this list."""

    CALLING = "calling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDING = "ending"
    ENDED = "ended"


class EndReason(Enum):
    """Why a call ended."""

    HUNG_UP_BY_US = "hung_up_by_us"
    HUNG_UP_BY_PEER = "hung_up_by_peer"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    PROTOCOL_ERROR = "protocol_error"
    PHONE_CLOSED = "phone_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParts:
    """What a call is given by its phone; `on_end` is called once, when it has ended."""

    endpoint: SipEndpoint
    pacer: Pacer
    codecs: tuple[Codec, ...]
    on_end: Callable[[Call], None]


class Call:
    """A call of this phone, placed or taken.

    `number` is the other side's. Times are monotonic seconds: `answered_at_seconds` when the 200
    came in or went out, `ended_at_seconds` when the BYE, CANCEL or refusal did; None before.
    `end_status` is the status of a refusal, or of the answer to our BYE (408 for none).
    `ringing`, `answered` and `ended` are events to wait for.
    """

    def __init__(
        self, *, parts: CallParts, number: str, call_id: str, local_tag: str, send_silence: bool
    ) -> None:
        self.number = number
        self.call_id = call_id
        self.local_tag = local_tag
        self.state = CallState.CALLING
        self.ringing = asyncio.Event()
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self.answered_at_seconds: float | None = None
        self.ended_at_seconds: float | None = None
        self.end_reason: EndReason | None = None
        self.end_status: int | None = None
        self.peer_headers = Headers()
        self._parts = parts
        self._rtp = RtpSession(host=parts.endpoint.host, send_silence=send_silence)
        self._local = AudioDescription(
            host=parts.endpoint.host, port=self._rtp.port, codecs=parts.codecs
        )
        self._remote: AudioDescription | None = None
        self._invite: OutgoingInvite | None = None
        self._dialog: Dialog | None = None
        self._fallback_hop: Address = ("", 0)
        self._unacknowledged: ServerTransaction | None = None
        self._error: SoftphoneError | None = None
        self._settled = asyncio.Event()

    @property
    def received(self) -> Recording:
        """What was heard; it stays readable after the call."""
        return self._rtp.recording

    @property
    def unsent_packets(self) -> int:
        """RTP packets that the machine refused to send."""
        return self._rtp.unsent

    @property
    def on_hold(self) -> bool:
        """Whether the peer has asked to be sent no audio."""
        return self._remote is not None and not self._remote.accepts_audio

    async def wait_answered(self) -> None:
        """Wait for the answer.

        Raises `CallRejectedError` (with the status), `CallCancelledError` after `hang_up`,
        `SipTimeoutError` when the peer is not there, `PeerProtocolError` when its answer cannot
        be used.
        """
        await self._settled.wait()
        if self._error is not None:
            raise self._error

    def play(self, pcm: bytes) -> Playback:
        """Queue 8 kHz signed 16-bit little-endian mono sound; it starts with the next tick.

        Sound queued before the answer starts at the answer. Raises `CallEndedError` after the
        call, `SoftphoneMisuseError` for half a sample or over an hour of waiting sound.
        """
        return self._rtp.play(pcm)

    def stop_playing(self) -> None:
        """Fall silent: drop all queued sound from the next tick on."""
        self._rtp.stop_playing()

    async def press(self, digits: str, *, duration_ms: int = 100) -> tuple[PressedDigit, ...]:
        """Send keys as telephone events of volume 10 (RFC 4733), and wait until they are out.

        A key is out with the first of its three end packets: the peer may hang up on it. Sound
        pauses during a key and for 60 ms after it. Keys are `0-9*#A-D`. Raises
        `SoftphoneMisuseError` for another key, or when the peer takes no telephone events;
        `CallEndedError` when the call ends first.
        """
        presses = [self._rtp.press(digit, duration_ms=duration_ms) for digit in digits]
        return tuple([await press for press in presses])

    async def hang_up(self) -> None:
        """End the call with CANCEL or BYE and wait until the peer has confirmed.

        A peer that does not answer the BYE leaves `end_status` 408 after 64 x T1. No effect on a
        call that has ended.
        """
        if self.state in (CallState.CALLING, CallState.RINGING) and self._invite is not None:
            self._invite.cancel()
        elif self.state is CallState.ANSWERED:
            await self._bye(EndReason.HUNG_UP_BY_US)
        await self.ended.wait()

    # What the phone calls.

    def offer(self) -> bytes:
        """Return the session description we offer; for the phone."""
        return build_sdp(self._local)

    async def place(self, invite: OutgoingInvite, destination: Address) -> None:
        """Carry an INVITE of ours through to the answer or the failure; for the phone."""
        self._invite = invite
        self._fallback_hop = destination
        try:
            response = await invite.run()
            self._confirm(invite, response)
        except SoftphoneError as error:
            await self._give_up(error)
            return
        if invite.cancelled:
            await self._give_up(CallCancelledError("the call was cancelled"))

    def note_progress(self, response: SipResponse) -> None:
        """Take a provisional response; early media is received but not answered; for the phone."""
        if self.state is CallState.CALLING:
            self.state = CallState.RINGING
        self.ringing.set()
        if response.body and self._remote is None:
            try:
                self._remote = parse_sdp(response.body)
            except SdpError:
                return

    async def take(self, invite: ServerTransaction) -> None:
        """Answer an INVITE of the peer's and wait for its ACK; for `IncomingCall.answer`.

        Raises `SdpError` (and refuses with 488) when no codec is shared, `SipParseError` (400)
        for an INVITE without usable Contact, `SipTimeoutError` when no ACK comes.
        """
        self._fallback_hop = invite.source
        self.peer_headers = invite.request.headers
        try:
            self._dialog = Dialog.of_callee(invite.request, local_tag=self.local_tag)
            self._answer_invite(invite)
        except (SdpError, SipParseError) as error:
            invite.respond(488 if isinstance(error, SdpError) else 400)
            await self._give_up(error)
            raise
        self._set_answered()
        await self.wait_answered()

    def receive_request(self, transaction: ServerTransaction) -> None:
        """Answer a request within this call's dialog; for the phone."""
        request = transaction.request
        if self._dialog is not None and not self._dialog.accept_request(request):
            transaction.respond(500)
        elif request.method == "BYE":
            transaction.respond(200)
            self._end(EndReason.HUNG_UP_BY_PEER)
        elif request.method in ("INVITE", "UPDATE"):
            self._receive_offer(transaction)
        elif request.method in ("OPTIONS", "INFO", "NOTIFY"):
            transaction.respond(200)
        else:
            allow = Headers().with_field("Allow", ALLOW)
            transaction.respond(405, reason="Method Not Allowed", extra=allow)

    def receive_ack(self, request: SipRequest) -> None:
        """Take the ACK of our 200; it answers when the 200 carried the offer; for the phone."""
        invite = self._unacknowledged
        if invite is None or cseq_of(invite.request).number != cseq_of(request).number:
            return
        self._unacknowledged = None
        invite.acknowledged()
        if request.body and not invite.request.body:
            try:
                self._connect(parse_sdp(request.body))
            except SdpError as error:
                self._error = error
        self._settled.set()

    def abandon(self) -> None:
        """Say goodbye without waiting for an answer; for the phone that closes."""
        if self.state is CallState.ANSWERED:
            self._send_in_dialog("BYE")
        elif self._invite is not None and self.state is not CallState.ENDED:
            self._invite.cancel()
        self._end(EndReason.PHONE_CLOSED)

    # The call's own story.

    def _confirm(self, invite: OutgoingInvite, response: SipResponse) -> None:
        """Acknowledge a 2xx and start the sound."""
        self.peer_headers = response.headers
        self._dialog = Dialog.of_caller(invite.request, response)
        cseq = cseq_of(invite.request).number
        invite.acknowledge(self._dialog.ack(cseq), self._hop())
        self._set_answered()
        remote = parse_sdp(response.body) if response.body else self._remote
        if remote is None:
            raise SdpError("the answer has no session description")
        self._connect(remote)
        if not invite.cancelled:
            self._settled.set()

    def _set_answered(self) -> None:
        self.state = CallState.ANSWERED
        self.answered_at_seconds = time.monotonic()
        self.answered.set()

    async def _give_up(self, error: SoftphoneError) -> None:
        """End a call that did not come about; one the peer has already answered gets a BYE."""
        reason = _reason_of(error)
        if self._invite is not None and self._invite.cancelled:
            reason = EndReason.CANCELLED
            error = CallCancelledError("the call was cancelled")
        if isinstance(error, CallRejectedError):
            self.end_status = error.status
        self._error = error
        if self.state is CallState.ANSWERED:
            await self._bye(reason)
        self._end(reason)

    async def _bye(self, reason: EndReason) -> None:
        self.state = CallState.ENDING
        self.ended_at_seconds = time.monotonic()
        self._stop_sound()
        assert self._dialog is not None
        bye = self._parts.endpoint.start(self._dialog.request("BYE"), self._hop())
        try:
            self.end_status = (await bye.final_response()).status
        except SipTimeoutError:
            self.end_status = 408
        finally:
            self._end(reason)

    def _end(self, reason: EndReason) -> None:
        if self.state is CallState.ENDED:
            return
        self.state = CallState.ENDED
        self.end_reason = reason
        if self.ended_at_seconds is None:
            self.ended_at_seconds = time.monotonic()
        if not self._settled.is_set():
            self._error = self._error or CallEndedError("the call has ended")
        if self._unacknowledged is not None:
            self._unacknowledged.acknowledged()
        self._stop_sound()
        self._settled.set()
        self.ended.set()
        self._parts.on_end(self)

    def _receive_offer(self, transaction: ServerTransaction) -> None:
        """Answer a re-INVITE or UPDATE; an INVITE without offer gets ours (RFC 3264 section 8)."""
        is_invite = transaction.request.method == "INVITE"
        try:
            if self._dialog is not None:
                self._dialog.refresh_target(transaction.request)
            if is_invite:
                self._answer_invite(transaction)
            else:
                body = self._answer_offer(transaction.request.body)
                transaction.respond(200, extra=self._session_headers(body), body=body)
        except SdpError:
            transaction.respond(488)

    def _answer_invite(self, transaction: ServerTransaction) -> None:
        body = self._answer_offer(transaction.request.body) or build_sdp(self._local)
        self._unacknowledged = transaction
        transaction.invite_unacknowledged = self._lose_peer
        transaction.respond(
            200, to_tag=self.local_tag, extra=self._session_headers(body), body=body
        )

    def _answer_offer(self, offer: bytes) -> bytes:
        """Take an offer and return our answer; no bytes for no offer. Raises `SdpError`."""
        if not offer:
            return b""
        remote = parse_sdp(offer)
        answer = answer_to(remote, replace(self._local, version=self._local.version + 1))
        self._local = replace(self._local, version=answer.version)
        self._connect(replace(remote, codecs=answer.codecs), local=answer)
        return build_sdp(answer)

    def _connect(self, remote: AudioDescription, local: AudioDescription | None = None) -> None:
        self._remote = remote
        self._rtp.connect(local=local or self._local, remote=remote)
        self._parts.pacer.add(self._rtp, self._rtp.tick)

    def _lose_peer(self) -> None:
        """End a call whose 200 was never acknowledged (RFC 3261 section 13.3.1.4)."""
        self._error = SipTimeoutError("ACK")
        self._settled.set()
        self._send_in_dialog("BYE")
        self._end(EndReason.TIMED_OUT)

    def _send_in_dialog(self, method: str) -> None:
        if self._dialog is not None:
            self._parts.endpoint.start(self._dialog.request(method), self._hop())

    def _stop_sound(self) -> None:
        self._parts.pacer.remove(self._rtp)
        self._rtp.close()

    def _hop(self) -> Address:
        hop = None if self._dialog is None else self._dialog.next_hop()
        return hop or self._fallback_hop

    def _session_headers(self, body: bytes) -> Headers:
        endpoint = self._parts.endpoint
        headers = (
            Header(name="Contact", value=f"<sip:{endpoint.host}:{endpoint.port}>"),
            Header(name="Allow", value=ALLOW),
        )
        media = (Header(name="Content-Type", value=MEDIA_TYPE),) if body else ()
        return Headers(fields=headers + media)


def _reason_of(error: SoftphoneError) -> EndReason:
    if isinstance(error, CallRejectedError):
        return EndReason.REJECTED
    if isinstance(error, PeerTimeoutError):
        return EndReason.TIMED_OUT
    return EndReason.CANCELLED if isinstance(error, CallEndedError) else EndReason.PROTOCOL_ERROR
