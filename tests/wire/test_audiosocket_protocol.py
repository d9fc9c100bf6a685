from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.audiosocket_protocol import (
    HEADER_BYTES,
    MAX_PAYLOAD_BYTES,
    AudioReceived,
    AudioSocketDecoder,
    AudioSocketEvent,
    DigitReceived,
    ErrorReceived,
    HangupReceived,
    Identified,
    audio_frame,
    digit_frame,
    hangup_frame,
    identify_frame,
)
from ivr.errors import MisuseError, ProtocolError

AUDIO_ID = uuid.UUID("d6d6b1ee-f2c5-4c50-bd3d-e31ee5ba2f1b")

frames = st.one_of(
    st.builds(
        lambda samples: (audio_frame(samples * 2), AudioReceived(pcm=samples * 2)),
        st.binary(max_size=500),
    ),
    st.builds(
        lambda digit: (digit_frame(digit), DigitReceived(digit=digit)),
        st.sampled_from("0123456789*#ABCD"),
    ),
    st.just((identify_frame(AUDIO_ID), Identified(audio_id=AUDIO_ID))),
    st.just((hangup_frame(), HangupReceived())),
    st.builds(
        lambda code: (bytes((0xFF, 0, 1, code)), ErrorReceived(code=code)), st.integers(0, 255)
    ),
)


@given(st.lists(frames, max_size=20), st.lists(st.integers(1, 400), max_size=60))
def test_any_chunking_gives_the_same_events(
    pairs: list[tuple[bytes, AudioSocketEvent]], sizes: list[int]
) -> None:
    decoder, rest = AudioSocketDecoder(), b"".join(data for data, _ in pairs)
    events: list[AudioSocketEvent] = []
    for size in sizes:
        events += decoder.receive(rest[:size])
        rest = rest[size:]
    events += decoder.receive(rest)
    assert events == [event for _, event in pairs]


def test_frames_are_the_same_one_byte_at_a_time() -> None:
    data = identify_frame(AUDIO_ID) + audio_frame(b"\1\2" * 160) + digit_frame("#") + hangup_frame()
    decoder = AudioSocketDecoder()
    events = [event for byte in data for event in decoder.receive(bytes([byte]))]
    assert events == AudioSocketDecoder().receive(data)
    assert len(events) == 4


@given(st.lists(st.binary(max_size=4000), max_size=30))
def test_any_bytes_give_events_or_a_protocol_error_in_bounded_memory(chunks: list[bytes]) -> None:
    decoder = AudioSocketDecoder()
    for chunk in chunks:
        try:
            decoder.receive(chunk)
        except ProtocolError:
            return
        assert len(decoder._buffer) < HEADER_BYTES + MAX_PAYLOAD_BYTES


@pytest.mark.parametrize(
    "frame",
    [
        bytes((0x42, 0, 0)),  # unknown kind
        bytes((0x12, 0, 2, 0, 0)),  # 16 kHz: the application never sends it
        bytes((0x10, 0, 3, 0, 0, 0)),  # half a sample
        bytes((0x01, 0, 4, 1, 2, 3, 4)),  # a short UUID
        bytes((0x03, 0, 2)) + b"12",  # two keys in one
        bytes((0x03, 0, 1)) + b"x",  # no key
        bytes((0x10, 0xFF, 0xFF)),  # longer than a second
    ],
)
def test_frame_that_makes_no_sense_is_a_protocol_error(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        AudioSocketDecoder().receive(frame)


@pytest.mark.parametrize("pcm", [b"\0", b"\0\0" * MAX_PAYLOAD_BYTES])
def test_frame_that_cannot_be_sent_is_refused(pcm: bytes) -> None:
    with pytest.raises(MisuseError):
        audio_frame(pcm)
