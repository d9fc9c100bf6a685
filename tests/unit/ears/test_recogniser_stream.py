from __future__ import annotations

import pytest

from ivr.errors import MisuseError, RecogniserLostError
from ivr.models.recogniser_protocol import Message, MessageKind
from ivr.models.recogniser_stream import FEED_BYTES, PIECE_BYTES, ProcessStream
from ivr.ports import FRAME_BYTES, GrammarName

FRAME = bytes(FRAME_BYTES)


class Link:
    """Keeps what a stream sends."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def release(self, session: int) -> None:
        """Nothing to give back."""

    @property
    def told(self) -> list[tuple[MessageKind, int]]:
        return [(message.kind, len(message.payload)) for message in self.sent]


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
def stream(link: Link) -> ProcessStream:
    return ProcessStream(link=link, session=1)


def test_frames_are_sent_in_pieces_of_100_ms(stream: ProcessStream, link: Link) -> None:
    for _ in range(11):
        stream.feed(FRAME)
    assert link.told == [(MessageKind.FEED, PIECE_BYTES)] * 2


def test_the_end_of_an_utterance_sends_what_is_left_first(
    stream: ProcessStream, link: Link
) -> None:
    stream.feed(FRAME)
    stream.finish()
    assert link.told == [(MessageKind.FEED, FRAME_BYTES), (MessageKind.FINISH, 0)]


def test_a_reset_drops_what_was_not_sent(stream: ProcessStream, link: Link) -> None:
    stream.feed(FRAME)
    stream.reset(GrammarName.YES_NO)
    stream.finish()
    assert [kind for kind, _ in link.told] == [MessageKind.RESET, MessageKind.FINISH]


def test_much_speech_at_once_is_sent_in_bounded_pieces_in_order(
    stream: ProcessStream, link: Link
) -> None:
    speech = bytes(range(256)) * (5 * FEED_BYTES // 256)
    stream.feed(speech)
    assert b"".join(message.payload for message in link.sent) == speech
    assert max(len(message.payload) for message in link.sent) == FEED_BYTES


def test_half_a_frame_is_refused(stream: ProcessStream) -> None:
    with pytest.raises(MisuseError, match="whole number of frames"):
        stream.feed(FRAME[1:])


def test_a_frame_for_a_lost_process_is_refused_at_once(stream: ProcessStream, link: Link) -> None:
    stream.lose("it was killed")
    with pytest.raises(RecogniserLostError, match="it was killed"):
        stream.feed(FRAME)
    assert link.sent == []
