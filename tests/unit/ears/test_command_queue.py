from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ivr.models.command_queue import MAX_JOINED_BYTES, CommandQueue, Work
from ivr.models.recogniser_protocol import Message, MessageKind

FEED, FINISH, RESET, CLOSE = (
    MessageKind.FEED,
    MessageKind.FINISH,
    MessageKind.RESET,
    MessageKind.CLOSE,
)
FRAME = bytes(320)

commands = st.builds(
    lambda kind, session, frames: Message(
        kind=kind, session=session, payload=bytes([session]) * 320 * frames if kind is FEED else b""
    ),
    st.sampled_from([FEED, FEED, FEED, FINISH, RESET]),
    st.integers(1, 3),
    st.integers(1, 40),
)


def condense(sent: Sequence[Message]) -> list[Work]:
    queue = CommandQueue()
    for command in sent:
        queue.put(command)
    return [work for _ in range(len(queue)) if (work := queue.take())]


def kinds(sent: Sequence[Message]) -> list[tuple[MessageKind, int]]:
    return [(w.command.kind, len(w.command.payload)) for w in condense(sent) if w.command]


def feed(session: int = 1, frames: int = 1) -> Message:
    return Message(kind=FEED, session=session, payload=FRAME * frames)


def test_pieces_of_one_callers_speech_become_one_also_between_others() -> None:
    work = condense([feed(1), feed(2), feed(1), feed(2), feed(1)])
    assert [(w.command.session, len(w.command.payload), w.commands) for w in work if w.command] == [
        (1, 960, 3),
        (2, 640, 2),
    ]


def test_speech_before_a_reset_or_close_is_answered_but_not_decoded() -> None:
    for end in (RESET, CLOSE):
        sent = [feed(), Message(kind=FINISH, session=1), feed(2), Message(kind=end, session=1)]
        assert kinds(sent) == [(FEED, 320), (end, 0)]


def test_speech_after_the_end_of_an_utterance_begins_anew() -> None:
    sent = [feed(), Message(kind=FINISH, session=1), feed()]
    assert kinds(sent) == [(FEED, 320), (FINISH, 0), (FEED, 320)]


def test_no_piece_grows_beyond_what_is_decoded_in_a_moment() -> None:
    assert all(size <= MAX_JOINED_BYTES for _, size in kinds([feed() for _ in range(100)]))


def test_speech_that_was_taken_is_not_added_to() -> None:
    queue = CommandQueue()
    queue.put(feed())
    taken = queue.take()
    queue.put(feed())
    assert taken.commands == 1
    assert len(queue) == 1


@given(st.lists(commands, max_size=60))
def test_every_command_is_answered_once_and_what_counts_is_heard_in_order(
    sent: list[Message],
) -> None:
    work = condense(sent)
    assert sum(w.commands for w in work) == len(sent)
    for session in (1, 2, 3):
        mine = [command for command in sent if command.session == session]
        ends = [at for at, command in enumerate(mine) if command.kind is RESET]
        kept = mine[ends[-1] :] if ends else mine
        done = [w.command for w in work if w.command and w.command.session == session]
        done_after = [c for c in done if c.kind is not RESET]
        speech = b"".join(command.payload for command in kept)
        assert b"".join(command.payload for command in done_after) == speech
        finishes = [c.kind for c in done_after if c.kind is FINISH]
        assert len(finishes) == sum(command.kind is FINISH for command in kept)
