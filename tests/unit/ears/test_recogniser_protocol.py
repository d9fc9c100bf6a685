from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import MisuseError, ProtocolError
from ivr.models.recogniser_protocol import (
    HEADER_BYTES,
    MAX_PAYLOAD_BYTES,
    Message,
    MessageKind,
    MessageReader,
    decode_final,
    encode,
    encode_final,
    encode_words,
)
from ivr.ports import FinalWords

numbers = st.integers(min_value=0, max_value=2**32 - 1)
messages = st.builds(
    Message,
    kind=st.sampled_from(MessageKind),
    session=numbers,
    utterance=numbers,
    payload=st.binary(max_size=400),
)


@given(st.lists(messages, max_size=8), st.data())
def test_any_chunking_gives_the_same_messages(sent: list[Message], data: st.DataObject) -> None:
    wire = b"".join(encode(message) for message in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=10)))
    reader, heard = MessageReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        heard += reader.feed(wire[start:end])
    reader.finish()
    assert heard == sent


@given(st.binary(max_size=4000))
def test_any_bytes_give_messages_or_a_protocol_error(wire: bytes) -> None:
    reader = MessageReader()
    try:
        for byte in wire:
            reader.feed(bytes([byte]))
    except ProtocolError:
        return
    assert len(reader._buffer) < HEADER_BYTES + MAX_PAYLOAD_BYTES


def test_a_payload_over_the_limit_is_refused_before_it_is_read() -> None:
    header = encode(Message(kind=MessageKind.FEED))[: HEADER_BYTES - 4]
    with pytest.raises(ProtocolError, match="over the limit"):
        MessageReader().feed(header + (MAX_PAYLOAD_BYTES + 1).to_bytes(4, "big"))


def test_a_payload_over_the_limit_is_not_sent() -> None:
    with pytest.raises(MisuseError):
        encode(Message(kind=MessageKind.FEED, payload=bytes(MAX_PAYLOAD_BYTES + 1)))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no kind"):
        MessageReader().feed(bytes([99]) + bytes(HEADER_BYTES - 1))


def test_an_end_within_a_message_is_refused() -> None:
    reader = MessageReader()
    reader.feed(encode(Message(kind=MessageKind.PING))[:-1])
    with pytest.raises(ProtocolError, match="within a message"):
        reader.finish()


shares = st.floats(min_value=0, max_value=1, width=32)
final_words = st.text(max_size=200).flatmap(
    lambda text: st.builds(
        FinalWords,
        text=st.just(text),
        confidence=st.none() | st.floats(min_value=0, max_value=1),
        word_confidences=st.just(())
        | st.tuples(*[shares] * len(text.split())),  # one for each word
    )
)


@given(final_words)
def test_final_words_survive_the_wire(words: FinalWords) -> None:
    assert decode_final(encode_final(words)) == words


@given(st.binary(max_size=60))
def test_any_bytes_as_final_words_give_words_or_a_protocol_error(payload: bytes) -> None:
    try:
        words = decode_final(payload)
    except ProtocolError:
        return
    assert words.confidence is None or 0 <= words.confidence <= 1
    assert len(words.word_confidences) in (0, len(words.text.split()))


SOUND = FinalWords(text="block my card", confidence=0.5, word_confidences=(0.5, 0.25, 1.0))


@pytest.mark.parametrize(
    ("start", "damage"),
    [
        (0, struct.pack("!d", 1.5)),
        (0, struct.pack("!d", float("nan"))),
        (8, struct.pack("!H", 2)),
        (8, struct.pack("!H", 9)),
        (10, struct.pack("!f", -0.5)),
        (14, struct.pack("!f", float("nan"))),
        (22, b"\xff"),
    ],
)
def test_damaged_final_words_give_a_protocol_error(start: int, damage: bytes) -> None:
    payload = encode_final(SOUND)
    with pytest.raises(ProtocolError):
        decode_final(payload[:start] + damage + payload[start + len(damage) :])


@given(st.integers(0, 24))
def test_final_words_cut_short_give_a_protocol_error(size: int) -> None:
    with pytest.raises(ProtocolError):
        decode_final(encode_final(SOUND)[:size])


def test_confidences_for_another_number_of_words_are_not_sent() -> None:
    with pytest.raises(MisuseError, match="another number of words"):
        encode_final(replace(SOUND, word_confidences=(0.5,)))


def test_confidences_of_a_text_that_is_cut_are_left_out() -> None:
    words = FinalWords(text="a " * 40_000, confidence=0.5, word_confidences=(0.5,) * 40_000)
    heard = decode_final(encode_final(words))
    assert heard.word_confidences == ()
    assert len(encode_final(words)) <= MAX_PAYLOAD_BYTES


def test_a_text_too_long_is_cut_at_a_character() -> None:
    payload = encode_words("ł" * MAX_PAYLOAD_BYTES)
    assert len(payload) <= MAX_PAYLOAD_BYTES
    assert set(payload.decode()) == {"ł"}
