"""What one call heard: each packet with its arrival time, and questions about it.

Times are `time.monotonic()` seconds, the clock of `loop.time()`. A packet's time is when it reached
this machine, which is when its *last* sample did: its first sample is a packet's length older.
"""

from __future__ import annotations

import asyncio
import math
import time
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .errors import CallEndedError, RtpParseError, SoundTimeoutError
from .g711 import SAMPLE_RATE_HZ, Codec, decode
from .rtp_protocol import RtpPacket, parse_event

DEFAULT_THRESHOLD_DBFS = -45.0
DEFAULT_MAX_PACKETS = 180_000
_CODECS = {codec.value: codec for codec in Codec}
_RUN_BREAK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPacket:
    """One RTP packet as it came; `arrived_at_seconds` is monotonic.

    The payload is decoded by the packet's own payload type, whatever was offered.
    """

    arrived_at_seconds: float
    payload_type: int
    sequence: int
    timestamp: int
    payload: bytes

    @property
    def pcm(self) -> bytes:
        """Signed 16-bit little-endian samples at 8 kHz; empty when this is no G.711 packet."""
        codec = _CODECS.get(self.payload_type)
        return b"" if codec is None else decode(codec, self.payload)

    @property
    def duration_ms(self) -> float:
        """Length of the packet's sound, 0 when this is no G.711 packet."""
        samples = len(self.payload) if self.payload_type in _CODECS else 0
        return 1000 * samples / SAMPLE_RATE_HZ

    @property
    def energy_dbfs(self) -> float:
        """Root mean square against 32,768; digital silence and no sound are minus infinity."""
        return energy_dbfs(self.pcm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedDigit:
    """A key the peer pressed, at the arrival of its first packet."""

    digit: str
    arrived_at_seconds: float


def energy_dbfs(pcm: bytes) -> float:
    """Return the root mean square of 16-bit samples in dB, where 0 is a square wave at 32,768.

    A full-scale sine is at -3.0. Silence, or no samples, is minus infinity.
    """
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    power = float(np.mean(samples * samples)) if len(samples) else 0.0
    return 10 * math.log10(power / 32_768**2) if power > 0 else -math.inf


class Recording:
    """The packets of one call in their order of arrival, late and doubled ones included.

    At most `max_packets` are kept (an hour); later ones are only counted, in `dropped_packets`.
    """

    def __init__(self, *, max_packets: int = DEFAULT_MAX_PACKETS) -> None:
        self.packets: list[ReceivedPacket] = []
        self.digits: list[ReceivedDigit] = []
        self.dropped_packets = 0
        self._max_packets = max_packets
        self._closed = False
        self._last_event: tuple[int, str] | None = None
        self._waiters: list[asyncio.Future[None]] = []

    def add(
        self, packet: RtpPacket, *, arrived_at_seconds: float, event_payload_type: int | None
    ) -> None:
        """Keep a packet and wake who waits; arrival times never run backwards."""
        if len(self.packets) >= self._max_packets:
            self.dropped_packets += 1
            return
        if self.packets:
            arrived_at_seconds = max(arrived_at_seconds, self.packets[-1].arrived_at_seconds)
        self.packets.append(
            ReceivedPacket(
                arrived_at_seconds=arrived_at_seconds,
                payload_type=packet.payload_type,
                sequence=packet.sequence,
                timestamp=packet.timestamp,
                payload=packet.payload,
            )
        )
        if packet.payload_type == event_payload_type:
            self._add_digit(packet, arrived_at_seconds)
        self._wake()

    def close(self) -> None:
        """Say that nothing will come any more; waiters get `CallEndedError`."""
        self._closed = True
        self._wake()

    def pcm(self) -> bytes:
        """Return the sound of all packets in order of arrival; gaps between them are not filled."""
        return b"".join(packet.pcm for packet in self.packets)

    def timeline_pcm(self, since_seconds: float, until_seconds: float) -> bytes:
        """Return sound laid out by arrival time, silence where nothing came.

        A packet ends at its arrival, so `since_seconds` is heard at the first sample, to within
        the network's and the machine's jitter; packets that overlap follow each other.
        """
        sample_count = max(0, round((until_seconds - since_seconds) * SAMPLE_RATE_HZ))
        line = np.zeros(sample_count, dtype="<i2")
        free_from = 0
        for packet in self.between(since_seconds, until_seconds + 1):
            samples = np.frombuffer(packet.pcm, dtype="<i2")
            end = round((packet.arrived_at_seconds - since_seconds) * SAMPLE_RATE_HZ)
            start = end - len(samples)
            if start < free_from + len(samples) // 2:
                start = free_from
            piece = samples[: max(0, sample_count - start)]
            line[start : start + len(piece)] = piece
            free_from = start + len(piece)
        return line.tobytes()

    def between(self, since_seconds: float, until_seconds: float) -> list[ReceivedPacket]:
        """Return the packets that arrived in `since_seconds <= time < until_seconds`."""
        return self.packets[self._index_at(since_seconds) : self._index_at(until_seconds)]

    def energy_dbfs_between(self, since_seconds: float, until_seconds: float) -> float:
        """Return the level of the packets that arrived then; minus infinity for silence or none."""
        return energy_dbfs(b"".join(p.pcm for p in self.between(since_seconds, until_seconds)))

    def first_sound_after(
        self,
        time_seconds: float,
        threshold_dbfs: float = DEFAULT_THRESHOLD_DBFS,
        min_ms: float = 20.0,
    ) -> float | None:
        """Return when sound began at or after a time: the arrival of its first packet, or None.

        Sound is an unbroken run of packets above the threshold, together `min_ms` long. The first
        loud sample is up to a packet (20 ms) older than the time returned.
        """
        run = _SoundRun(threshold_dbfs=threshold_dbfs, min_ms=min_ms)
        return run.feed(self.packets[self._index_at(time_seconds) :])

    def last_sound_before(
        self, time_seconds: float, threshold_dbfs: float = DEFAULT_THRESHOLD_DBFS
    ) -> float | None:
        """Return the arrival of the last loud packet before a time, or None."""
        for packet in reversed(self.packets[: self._index_at(time_seconds)]):
            if packet.energy_dbfs >= threshold_dbfs:
                return packet.arrived_at_seconds
        return None

    async def wait_for_sound(
        self,
        after_seconds: float,
        timeout_seconds: float,
        *,
        threshold_dbfs: float = DEFAULT_THRESHOLD_DBFS,
        min_ms: float = 20.0,
    ) -> float:
        """Wait until `first_sound_after` has an answer and return it.

        `timeout_seconds` counts from this call. Raises `SoundTimeoutError`, or `CallEndedError`
        when the call ends first.
        """
        deadline = time.monotonic() + timeout_seconds
        run = _SoundRun(threshold_dbfs=threshold_dbfs, min_ms=min_ms)
        index = self._index_at(after_seconds)
        while True:
            started_at = run.feed(self.packets[index:])
            index = max(index, len(self.packets))
            if started_at is not None:
                return started_at
            if not await self._changed_before(deadline):
                raise SoundTimeoutError("sound", timeout_seconds)
            while index < len(self.packets) and (
                self.packets[index].arrived_at_seconds < after_seconds
            ):
                index += 1

    async def wait_for_silence(
        self,
        duration_ms: float,
        timeout_seconds: float,
        *,
        after_seconds: float | None = None,
        threshold_dbfs: float = DEFAULT_THRESHOLD_DBFS,
    ) -> float:
        """Wait for unbroken silence and return when it began.

        That is the arrival of the last loud packet, or `after_seconds` (default: now) when there
        was none since. A peer that sends nothing is silent. `timeout_seconds` counts from this
        call. Raises `SoundTimeoutError`, or `CallEndedError` when the call ends first.
        """
        now = time.monotonic()
        deadline = now + timeout_seconds
        silent_since = now if after_seconds is None else after_seconds
        index = self._index_at(silent_since)
        while True:
            for packet in self.packets[index:]:
                if packet.arrived_at_seconds - silent_since >= duration_ms / 1000:
                    return silent_since
                if packet.energy_dbfs >= threshold_dbfs:
                    silent_since = max(silent_since, packet.arrived_at_seconds)
            index = len(self.packets)
            silent_at = silent_since + duration_ms / 1000
            if time.monotonic() >= silent_at:
                return silent_since
            changed = await self._changed_before(min(silent_at, deadline))
            if not changed and deadline < silent_at:
                raise SoundTimeoutError("silence", timeout_seconds)

    async def wait_for_digits(self, count: int, timeout_seconds: float) -> str:
        """Wait until the peer has pressed `count` keys on this call and return all so far.

        Raises `SoundTimeoutError`, or `CallEndedError` when the call ends first.
        """
        deadline = time.monotonic() + timeout_seconds
        while len(self.digits) < count:
            if not await self._changed_before(deadline):
                raise SoundTimeoutError("digits", timeout_seconds)
        return "".join(digit.digit for digit in self.digits)

    def _index_at(self, time_seconds: float) -> int:
        return bisect_left(self.packets, time_seconds, key=lambda p: p.arrived_at_seconds)

    def _add_digit(self, packet: RtpPacket, arrived_at_seconds: float) -> None:
        """Count an event once: all its packets share a timestamp (RFC 4733 section 2.5.1.2)."""
        try:
            digit = parse_event(packet.payload).digit
        except RtpParseError:
            return
        if self._last_event != (packet.timestamp, digit):
            self._last_event = (packet.timestamp, digit)
            self.digits.append(ReceivedDigit(digit=digit, arrived_at_seconds=arrived_at_seconds))

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _changed_before(self, deadline: float) -> bool:
        """Wait for a packet; False when the deadline comes first."""
        if self._closed:
            raise CallEndedError("the call has ended")
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout_at(deadline):
                await waiter
        except TimeoutError:
            return False
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return True


class _SoundRun:
    """Finds an unbroken run of loud packets in packets fed piece by piece."""

    def __init__(self, *, threshold_dbfs: float, min_ms: float) -> None:
        self._threshold_dbfs = threshold_dbfs
        self._min_ms = min_ms
        self._started_at = 0.0
        self._last_at = -math.inf
        self._loud_ms = 0.0

    def feed(self, packets: Iterable[ReceivedPacket]) -> float | None:
        """Return the arrival of the run's first packet once the run is long enough."""
        for packet in packets:
            self._take(packet)
            if self._loud_ms > 0 and self._loud_ms >= self._min_ms:
                return self._started_at
        return None

    def _take(self, packet: ReceivedPacket) -> None:
        if packet.duration_ms == 0:
            return
        arrived_at = packet.arrived_at_seconds
        if packet.energy_dbfs < self._threshold_dbfs:
            self._loud_ms = 0.0
            return
        if self._loud_ms == 0 or arrived_at - self._last_at > _RUN_BREAK_SECONDS:
            self._started_at, self._loud_ms = arrived_at, 0.0
        self._last_at = arrived_at
        self._loud_ms += packet.duration_ms
