from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sternik.softphone.errors import RtpParseError, SoftphoneMisuseError
from sternik.softphone.rtp_protocol import (
    DIGITS,
    RtpPacket,
    TelephoneEvent,
    build_event,
    build_packet,
    event_payloads,
    parse_event,
    parse_packet,
)

PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 63) | st.integers(96, 127),
    sequence=st.integers(0, 2**16 - 1),
    timestamp=st.integers(0, 2**32 - 1),
    ssrc=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=400),
    marker=st.booleans(),
)


@given(PACKETS)
def test_packet_survives_building_and_parsing(packet: RtpPacket) -> None:
    assert parse_packet(build_packet(packet)) == packet


def test_sources_extension_and_padding_are_skipped() -> None:
    header = struct.pack("!BBHII", 0x80 | 0x20 | 0x10 | 2, 0, 1, 2, 3)
    extension = struct.pack("!HH", 0xBEDE, 1) + b"ext!"
    packet = parse_packet(header + b"s" * 8 + extension + b"sound" + b"\0\0\3")
    assert packet.payload == b"sound"


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x80" * 11,
        b"\x00" * 20,
        b"\x80\xc8" + b"\0" * 26,
        b"\x90\x00" + b"\0" * 10,
        b"\x82\x00" + b"\0" * 10,
        b"\xa0\x00" + b"\0" * 10 + b"\x09",
        b"\x80" + b"\0" * 5000,
    ],
)
def test_what_is_no_rtp_is_a_typed_error(datagram: bytes) -> None:
    with pytest.raises(RtpParseError):
        parse_packet(datagram)


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    for read in (parse_packet, parse_event):
        try:
            read(b"\x80" + noise)
        except RtpParseError:
            continue


@given(
    st.builds(
        TelephoneEvent,
        digit=st.sampled_from(DIGITS),
        duration_samples=st.integers(0, 65535),
        volume=st.integers(0, 63),
        end=st.booleans(),
    )
)
def test_event_survives_building_and_parsing(event: TelephoneEvent) -> None:
    assert parse_event(build_event(event)) == event


def test_key_press_grows_and_ends_three_times() -> None:
    events = [parse_event(payload) for payload in event_payloads("#", duration_ms=100)]
    assert [event.duration_samples for event in events] == [160, 320, 480, 640, 800, 800, 800]
    assert [event.end for event in events] == [False] * 4 + [True] * 3
    assert {(event.digit, event.volume) for event in events} == {("#", 10)}


@pytest.mark.parametrize(("digit", "duration_ms"), [("x", 100), ("12", 100), ("", 100), ("1", 0)])
def test_impossible_key_press_is_refused(digit: str, duration_ms: int) -> None:
    with pytest.raises(SoftphoneMisuseError):
        event_payloads(digit, duration_ms=duration_ms)
