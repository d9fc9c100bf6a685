from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.agi_protocol import (
    MAX_ENVIRONMENT_LINES,
    MAX_LINE_BYTES,
    AgiConnection,
    AgiEvent,
    EndReceived,
    EnvironmentReceived,
    HangupReceived,
    ReplyReceived,
)
from ivr.errors import MisuseError, ProtocolError

# As a real Asterisk 22.10.1 sent it.
ENVIRONMENT = (
    b"agi_network: yes\nagi_network_script: steer\nagi_request: agi://127.0.0.1:4573/steer\n"
    b"agi_channel: PJSIP/anonymous-00000000\nagi_language: en\nagi_type: PJSIP\n"
    b"agi_uniqueid: 1795312618.0\nagi_version: 22.10.1~dfsg\nagi_callerid: 48123456789\n"
    b"agi_calleridname: unknown\nagi_callingpres: 0\nagi_dnid: 600\nagi_rdnis: unknown\n"
    b"agi_context: sternik-steer\nagi_extension: s\nagi_priority: 6\nagi_enhanced: 0.0\n"
    b"agi_accountcode: \nagi_threadid: 139682\nagi_arg_1: d6d6b1ee-f2c5-4c50-bd3d-e31ee5ba2f1b\n\n"
)


def opened() -> AgiConnection:
    connection = AgiConnection()
    connection.receive(ENVIRONMENT)
    return connection


def conversation(chunks: list[bytes]) -> list[AgiEvent]:
    """A recorded session fed in the given chunks; commands are sent whenever one may be."""
    connection = AgiConnection()
    events: list[AgiEvent] = []
    for chunk in chunks:
        for event in connection.receive(chunk):
            events.append(event)
            if connection.idle:
                connection.send("NOOP")
    return events + connection.receive_end()


REPLIES = (
    b"200 result=1 (yes)\n",
    b"HANGUP\n200 result=0\n",
    b"200 result=-1 endpos=8000\nHANGUP\n",
    (
        b"520-Invalid command syntax.  Proper usage follows:\nUsage: NOOP\n\tHANGUP\n"
        b"520 End of proper usage.\n"
    ),
    b"511 Command Not Permitted on a dead channel or intercept routine\n",
    b"100 result=0 Trying...\n200 result=0\n",
)


def test_environment_is_read_without_its_prefix() -> None:
    (event,) = AgiConnection().receive(ENVIRONMENT)
    assert isinstance(event, EnvironmentReceived)
    assert event.variables["callerid"] == "48123456789"
    assert event.variables["accountcode"] == ""
    assert event.variables["arg_1"] == "d6d6b1ee-f2c5-4c50-bd3d-e31ee5ba2f1b"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (REPLIES[0], [ReplyReceived(code=200, result="1", data="yes")]),
        (REPLIES[1], [HangupReceived(), ReplyReceived(code=200, result="0", data=None)]),
        (REPLIES[2], [ReplyReceived(code=200, result="-1", data=None), HangupReceived()]),
        (REPLIES[3], [ReplyReceived(code=520, result="", data=None)]),
        (REPLIES[4], [ReplyReceived(code=511, result="", data=None)]),
        (REPLIES[5], [ReplyReceived(code=200, result="0", data=None)]),
    ],
)
def test_reply_is_understood_and_hangup_is_out_of_band(
    reply: bytes, expected: list[AgiEvent]
) -> None:
    connection = opened()
    connection.send("NOOP")
    assert connection.receive(reply) == expected
    assert connection.idle


def test_every_recorded_session_is_the_same_one_byte_at_a_time() -> None:
    whole = [ENVIRONMENT, *REPLIES]
    single = [bytes([byte]) for byte in b"".join(whole)]
    assert conversation(single) == conversation(whole)


@given(st.lists(st.integers(1, 300), max_size=40))
def test_any_chunking_gives_the_same_events(sizes: list[int]) -> None:
    """Each message is cut up; the next one comes only after its command, as Asterisk keeps it."""
    whole = [ENVIRONMENT, *REPLIES]
    chunks: list[bytes] = []
    for message in whole:
        rest = message
        for size in sizes:
            chunks.append(rest[:size])
            rest = rest[size:]
        chunks.append(rest)
    assert conversation(chunks) == conversation(whole)


@given(st.lists(st.binary(max_size=5000), max_size=20))
def test_any_bytes_give_events_or_a_protocol_error_in_bounded_memory(chunks: list[bytes]) -> None:
    connection = AgiConnection()
    for chunk in chunks:
        try:
            connection.receive(chunk)
        except ProtocolError:
            assert connection.receive(b"agi_network: yes\n\n") == []
            return
        assert len(connection._buffer) <= MAX_LINE_BYTES + 1


@pytest.mark.parametrize("argument", ["a\nHANGUP", "a\rb", "a\0b"])
def test_line_break_in_an_argument_is_refused_before_anything_is_sent(argument: str) -> None:
    connection = opened()
    with pytest.raises(MisuseError):
        connection.send("SET VARIABLE", "NAME", argument)
    assert connection.idle


@given(st.text(alphabet=st.characters(blacklist_characters="\r\n\0", blacklist_categories=["Cs"])))
def test_any_other_argument_stays_one_argument(argument: str) -> None:
    line = opened().send("EXEC", argument[:500]).decode()
    assert line.count("\n") == 1
    inner = line.removeprefix('EXEC "').removesuffix('"\n')
    assert inner.replace("\\\\", "").replace('\\"', "").count('"') == 0


def test_second_command_in_flight_is_refused() -> None:
    connection = opened()
    connection.send("NOOP")
    with pytest.raises(MisuseError):
        connection.send("NOOP")


def test_command_before_the_environment_is_refused() -> None:
    with pytest.raises(MisuseError):
        AgiConnection().send("NOOP")


def test_reply_without_a_command_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        opened().receive(b"200 result=0\n")


def test_endless_line_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        opened().receive(b"2" * (MAX_LINE_BYTES + 1))


def test_endless_environment_is_a_protocol_error() -> None:
    lines = b"".join(b"agi_%d: x\n" % number for number in range(MAX_ENVIRONMENT_LINES + 1))
    with pytest.raises(ProtocolError):
        AgiConnection().receive(lines)


def test_http_request_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        AgiConnection().receive(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


def test_end_of_file_is_one_event_whatever_was_half_received() -> None:
    connection = opened()
    connection.send("NOOP")
    connection.receive(b"200 resu")
    assert connection.receive_end() == [EndReceived()]
    assert connection.receive_end() == []
