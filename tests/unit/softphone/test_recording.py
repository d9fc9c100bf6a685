from __future__ import annotations

import asyncio
import math
import struct
import time

import pytest

from sternik.softphone.errors import CallEndedError, SoundTimeoutError
from sternik.softphone.g711 import Codec, encode
from sternik.softphone.recording import Recording, energy_dbfs
from sternik.softphone.rtp_protocol import RtpPacket, event_payloads

LOUD = struct.pack("<160h", *[8000, -8000] * 80)
QUIET = bytes(320)


def packet(
    pcm: bytes, *, sequence: int = 0, payload_type: int = 0, payload: bytes | None = None
) -> RtpPacket:
    if payload is None:
        payload = encode(Codec(payload_type), pcm)
    return RtpPacket(
        payload_type=payload_type, sequence=sequence, timestamp=0, ssrc=1, payload=payload
    )


def add(recording: Recording, at: float, pcm: bytes, payload_type: int = 0) -> None:
    recording.add(
        packet(pcm, payload_type=payload_type), arrived_at_seconds=at, event_payload_type=101
    )


def recorded(*steps: tuple[float, bytes]) -> Recording:
    recording = Recording()
    for at, pcm in steps:
        add(recording, at, pcm)
    return recording


def test_first_sound_is_the_arrival_of_the_first_loud_packet() -> None:
    recording = recorded((1.00, LOUD), (1.02, QUIET), (1.04, LOUD), (1.06, LOUD))
    assert recording.first_sound_after(0.0) == 1.00
    assert recording.first_sound_after(1.01) == 1.04
    assert recording.first_sound_after(0.0, min_ms=40) == 1.04
    assert recording.first_sound_after(1.07) is None
    assert recording.first_sound_after(0.0, threshold_dbfs=-5.0) is None


def test_gap_in_arrival_breaks_a_run_of_sound() -> None:
    recording = recorded((1.0, LOUD), (2.0, LOUD), (2.02, LOUD))
    assert recording.first_sound_after(0.0, min_ms=40) == 2.0


def test_packets_are_decoded_by_their_own_payload_type() -> None:
    recording = Recording()
    for payload_type in (0, 8):
        add(recording, 1.0, LOUD, payload_type)
    assert [round(p.energy_dbfs) for p in recording.packets] == [-12, -12]
    assert len(recording.pcm()) == 2 * len(LOUD)


def test_level_is_of_the_packets_in_the_span() -> None:
    recording = recorded((1.0, LOUD), (1.02, QUIET))
    assert recording.energy_dbfs_between(1.0, 1.02) == pytest.approx(-12.2, abs=0.3)
    assert recording.energy_dbfs_between(1.02, 1.04) == -math.inf
    assert recording.energy_dbfs_between(5, 6) == -math.inf
    assert recording.last_sound_before(9.0) == 1.0


def test_full_scale_square_wave_is_zero_dbfs() -> None:
    assert energy_dbfs(struct.pack("<2h", -32768, -32768)) == pytest.approx(0.0)


def test_late_and_doubled_packets_stay_in_order_of_arrival() -> None:
    recording = Recording()
    for at, sequence in ((1.0, 5), (1.02, 7), (1.01, 6), (1.03, 6)):
        recording.add(
            packet(QUIET, sequence=sequence), arrived_at_seconds=at, event_payload_type=101
        )
    assert [p.sequence for p in recording.packets] == [5, 7, 6, 6]
    assert [p.arrived_at_seconds for p in recording.packets] == [1.0, 1.02, 1.02, 1.03]


def test_full_recording_counts_what_it_drops() -> None:
    recording = Recording(max_packets=1)
    add(recording, 1.0, LOUD)
    add(recording, 2.0, LOUD)
    assert (len(recording.packets), recording.dropped_packets) == (1, 1)


def test_key_press_counts_once() -> None:
    recording = Recording()
    for timestamp in (1, 2):
        for payload in event_payloads("5"):
            recording.add(
                RtpPacket(
                    payload_type=101, sequence=0, timestamp=timestamp, ssrc=1, payload=payload
                ),
                arrived_at_seconds=float(timestamp),
                event_payload_type=101,
            )
    assert [(d.digit, d.arrived_at_seconds) for d in recording.digits] == [("5", 1.0), ("5", 2.0)]
    assert recording.pcm() == b""


def test_timeline_puts_packets_where_they_arrived() -> None:
    recording = recorded((1.10, LOUD), (1.12, LOUD))
    line = recording.timeline_pcm(1.0, 1.2)
    assert len(line) == 2 * 1600
    assert line[: 2 * 640] == bytes(2 * 640)
    assert energy_dbfs(line[2 * 640 : 2 * 960]) > -13
    assert line[2 * 960 :] == bytes(2 * 640)


async def test_waiting_for_sound_wakes_on_its_arrival() -> None:
    recording = recorded((1.0, LOUD))
    waiting = asyncio.create_task(recording.wait_for_sound(2.0, 5.0))
    await asyncio.sleep(0)
    add(recording, 1.9, LOUD)
    add(recording, 2.1, QUIET)
    await asyncio.sleep(0)
    add(recording, 2.2, LOUD)
    assert await waiting == 2.2


async def test_waiting_for_sound_times_out() -> None:
    with pytest.raises(SoundTimeoutError):
        await Recording().wait_for_sound(0.0, 0.01)


async def test_silence_begins_with_the_last_loud_packet() -> None:
    now = time.monotonic()
    recording = recorded((now - 1.0, LOUD), (now - 0.9, QUIET), (now - 0.5, QUIET))
    assert await recording.wait_for_silence(400, 1.0, after_seconds=now - 2) == now - 2
    assert await recording.wait_for_silence(400, 1.0, after_seconds=now - 1.1) == now - 1.0


async def test_no_packets_at_all_are_silence() -> None:
    before = time.monotonic()
    assert before <= await Recording().wait_for_silence(10, 1.0) <= time.monotonic()


async def test_waiting_for_silence_times_out_in_noise() -> None:
    recording = Recording()
    waiting = asyncio.create_task(recording.wait_for_silence(60_000, 0.01))
    with pytest.raises(SoundTimeoutError):
        await waiting


async def test_end_of_call_ends_every_wait() -> None:
    recording = Recording()
    waits = [
        asyncio.create_task(recording.wait_for_sound(0.0, 5.0)),
        asyncio.create_task(recording.wait_for_silence(1000, 5.0)),
        asyncio.create_task(recording.wait_for_digits(1, 5.0)),
    ]
    await asyncio.sleep(0)
    recording.close()
    results = await asyncio.gather(*waits, return_exceptions=True)
    assert [type(result) for result in results] == [CallEndedError] * 3
