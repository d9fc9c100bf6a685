"""The sound of one call: a UDP socket, what is sent on the clock, what is received."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field

from .errors import CallEndedError, RtpParseError, SoftphoneMisuseError
from .g711 import Codec, encode, silence
from .playback import Playback, PlayQueue
from .recording import Recording
from .rtp_protocol import (
    END_PACKETS,
    MAX_PACKET_BYTES,
    SAMPLES_PER_PACKET,
    RtpPacket,
    build_packet,
    event_payloads,
    parse_packet,
)
from .sdp_protocol import AudioDescription

MAX_WAITING_DIGITS = 100
_PAUSE_AFTER_DIGIT_TICKS = 3
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_PLAUSIBLE_QUEUEING_SECONDS = 5.0
_SILENCE = {codec: silence(codec, SAMPLES_PER_PACKET) for codec in Codec}


@dataclass(frozen=True, slots=True, kw_only=True)
class PressedDigit:
    """A key press as sent, monotonic seconds: its first packet, and its first end packet."""

    digit: str
    started_at_seconds: float
    ended_at_seconds: float


@dataclass(slots=True, kw_only=True)
class _KeyPress:
    """A key press under way."""

    digit: str
    payloads: deque[bytes]
    done: asyncio.Future[PressedDigit]
    timestamp: int = 0
    sent_at: list[float] = field(default_factory=list)


class RtpSession:
    """Sends one packet a tick and records what comes in.

    With `send_silence`, every tick without sound to play sends silence; without, nothing is sent
    then, like a muted caller. Timestamps follow the tick number either way. Sound waits while a
    key is being sent and for 60 ms after it, and while the peer has us on hold.

    Packets from elsewhere than the peer's address are counted in `strangers` and dropped.
    Arrival times come from the kernel where it gives them (Linux), so a busy event loop does not
    make a packet look late.
    """

    def __init__(self, *, host: str, send_silence: bool) -> None:
        self.recording = Recording()
        self.strangers = 0
        self.malformed = 0
        self.unsent = 0
        self._send_silence = send_silence
        self._codec: Codec | None = None
        self._remote: tuple[str, int] | None = None
        self._event_payload_type: int | None = None
        self._incoming_event_payload_type: int | None = None
        self._sending = False
        self._queue = PlayQueue()
        self._keys: deque[_KeyPress] = deque()
        self._pause_ticks = 0
        self._sequence = secrets.randbelow(2**15)
        self._first_timestamp = secrets.randbelow(2**31)
        self._ssrc = secrets.randbits(32)
        self._marker = True
        self._closed = False
        self._socket = _open_socket(host)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    @property
    def port(self) -> int:
        """The local UDP port."""
        port: int = self._socket.getsockname()[1]
        return port

    def connect(self, *, local: AudioDescription, remote: AudioDescription) -> None:
        """Take the peer's address, codec and event payload type from the two descriptions.

        Each side is sent events with the payload type that it named itself (RFC 3264 section 5.1).
        """
        self._codec = remote.codecs[0]
        self._incoming_event_payload_type = local.telephone_event
        self._remote = (remote.host, remote.port)
        self._event_payload_type = remote.telephone_event
        self._sending = remote.accepts_audio

    def play(self, pcm: bytes) -> Playback:
        """Queue 8 kHz signed 16-bit little-endian mono sound behind what is already waiting."""
        self._refuse_if_closed()
        playback = Playback(pcm)
        self._queue.add(playback)
        return playback

    def stop_playing(self) -> None:
        """Drop all sound that has not been sent."""
        self._queue.stop()

    def press(self, digit: str, *, duration_ms: int) -> asyncio.Future[PressedDigit]:
        """Queue a key press; the future is done with its first end packet."""
        self._refuse_if_closed()
        if self._codec is not None and self._event_payload_type is None:
            raise SoftphoneMisuseError("the peer takes no telephone events")
        if len(self._keys) >= MAX_WAITING_DIGITS:
            raise SoftphoneMisuseError("too many keys are waiting to be sent")
        payloads = deque(event_payloads(digit, duration_ms=duration_ms))
        done: asyncio.Future[PressedDigit] = asyncio.get_running_loop().create_future()
        self._keys.append(_KeyPress(digit=digit, payloads=payloads, done=done))
        return done

    def tick(self, tick: int) -> None:
        """Send this tick's packet, if any; `tick` counts 20 ms steps of the clock."""
        if self._codec is None or not self._sending:
            self._marker = True
            return
        timestamp = self._first_timestamp + tick * SAMPLES_PER_PACKET
        if self._keys and self._pause_ticks == 0:
            self._send_key_packet(self._keys[0], timestamp)
        else:
            self._send_audio_packet(self._codec, timestamp)

    def close(self) -> None:
        """Close the socket; playbacks, key presses and waits that are not done fail."""
        if self._closed:
            return
        self._closed = True
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._queue.fail()
        for key in self._keys:
            if not key.done.done():
                key.done.set_exception(CallEndedError("the call ended during a key press"))
                key.done.exception()
        self._keys.clear()
        self.recording.close()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise CallEndedError("the call has ended")

    def _send_audio_packet(self, codec: Codec, timestamp: int) -> None:
        frame = None
        if self._pause_ticks > 0:
            self._pause_ticks -= 1
        else:
            frame = self._queue.take_frame(time.monotonic())
        if frame is None and not self._send_silence:
            self._marker = True
            return
        payload = _SILENCE[codec] if frame is None else encode(codec, frame)
        sent_at = self._send(codec.value, timestamp, payload, marker=self._marker)
        self._marker = False
        self._queue.frame_sent(sent_at)

    def _send_key_packet(self, key: _KeyPress, timestamp: int) -> None:
        """Send the next of a key's packets; all carry the first one's timestamp (RFC 4733)."""
        payload_type = self._event_payload_type
        if payload_type is None:
            self._keys.popleft()
            key.done.set_exception(SoftphoneMisuseError("the peer takes no telephone events"))
            return
        first = not key.sent_at
        if first:
            key.timestamp = timestamp
        payload = key.payloads.popleft()
        key.sent_at.append(self._send(payload_type, key.timestamp, payload, marker=first))
        if len(key.payloads) == END_PACKETS - 1:
            _resolve_key(key)
        if not key.payloads:
            self._keys.popleft()
            self._pause_ticks = _PAUSE_AFTER_DIGIT_TICKS

    def _send(self, payload_type: int, timestamp: int, payload: bytes, *, marker: bool) -> float:
        packet = RtpPacket(
            payload_type=payload_type,
            sequence=self._sequence,
            timestamp=timestamp,
            ssrc=self._ssrc,
            payload=payload,
            marker=marker,
        )
        self._sequence += 1
        assert self._remote is not None
        datagram = build_packet(packet)
        sent_at = time.monotonic()
        try:
            self._socket.sendto(datagram, self._remote)
        except OSError:
            self.unsent += 1
        return sent_at

    def _read(self) -> None:
        """Take one packet; the loop calls again while there are more."""
        try:
            datagram, ancillary, _, source = self._socket.recvmsg(MAX_PACKET_BYTES, 64)
        except OSError:
            return
        if self._remote not in (None, source):
            self.strangers += 1
            return
        self._record(datagram, _arrival_seconds(ancillary))

    def _record(self, datagram: bytes, arrived_at_seconds: float) -> None:
        try:
            packet = parse_packet(datagram)
        except RtpParseError:
            self.malformed += 1
            return
        self.recording.add(
            packet,
            arrived_at_seconds=arrived_at_seconds,
            event_payload_type=self._incoming_event_payload_type,
        )


def _resolve_key(key: _KeyPress) -> None:
    if not key.done.done():
        key.done.set_result(
            PressedDigit(
                digit=key.digit,
                started_at_seconds=key.sent_at[0],
                ended_at_seconds=key.sent_at[-1],
            )
        )


def _open_socket(host: str) -> socket.socket:
    rtp_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        rtp_socket.setblocking(False)
        if sys.platform == "linux":
            rtp_socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        rtp_socket.bind((host, 0))
    except OSError:
        rtp_socket.close()
        raise
    return rtp_socket


def _arrival_seconds(ancillary: list[tuple[int, int, bytes]]) -> float:
    """Turn the kernel's wall-clock stamp into monotonic time; now, when there is no sane one."""
    now = time.monotonic()
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            queued_seconds: float = (time.time_ns() - seconds * 10**9 - nanoseconds) / 1e9
            if 0 <= queued_seconds <= _PLAUSIBLE_QUEUEING_SECONDS:
                return now - queued_seconds
    return now
