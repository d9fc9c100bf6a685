from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sternik.softphone.errors import SipParseError, SoftphoneMisuseError
from sternik.softphone.sip_protocol import (
    MAX_MESSAGE_BYTES,
    Header,
    Headers,
    NameAddress,
    SipRequest,
    SipResponse,
    SipUri,
    build_message,
    cseq_of,
    parse_message,
    parse_name_address,
    parse_uri,
    response_to,
    split_list,
    top_via,
    with_received_via,
)

INVITE = (
    b"INVITE sip:100@10.0.0.1:5060 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 10.0.0.2:5062;rport;branch=z9hG4bKone, SIP/2.0/UDP 10.0.0.3\r\n"
    b'From: "Jan \\"K\\"" <sip:600@10.0.0.2>;tag=abc\r\n'
    b"To: <sip:100@10.0.0.1>\r\n"
    b"Call-ID: 1@10.0.0.2\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"Subject: one\r\n  two\r\n"
    b"Content-Length: 4\r\n"
    b"\r\nv=0\n"
)
TEXT = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"))


def parse_request(datagram: bytes) -> SipRequest:
    message = parse_message(datagram)
    assert isinstance(message, SipRequest)
    return message


def test_request_is_read_with_folded_header_and_body() -> None:
    request = parse_request(INVITE)
    assert (request.method, request.uri) == ("INVITE", "sip:100@10.0.0.1:5060")
    assert request.headers.get("subject") == "one two"
    assert request.body == b"v=0\n"
    assert cseq_of(request).number == 7
    assert top_via(request).branch == "z9hG4bKone"


def test_compact_header_names_are_expanded() -> None:
    compact = INVITE.replace(b"From:", b"f:").replace(b"Call-ID:", b"i :").replace(b"Via:", b"v:")
    assert parse_request(compact).headers == parse_request(INVITE).headers


def test_bytes_after_the_body_are_ignored() -> None:
    assert parse_message(INVITE + b"more") == parse_message(INVITE)


def test_message_survives_building_and_parsing() -> None:
    request = parse_request(INVITE)
    again = parse_request(build_message(request))
    assert again.body == request.body
    assert again.headers.without("Content-Length") == request.headers.without("Content-Length")


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\r\n\r\n",
        b"\0\0\0\0",
        INVITE.replace(b"\r\n\r\n", b"\r\n"),
        INVITE.replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"),
        INVITE.replace(b"Content-Length: 4", b"Content-Length: 5"),
        INVITE.replace(b"Content-Length: 4", b"Content-Length: -4"),
        INVITE.replace(b"CSeq: 7 INVITE", b"CSeq: 7 BYE"),
        INVITE.replace(b"CSeq: 7 INVITE", b"CSeq: 99999999999 INVITE"),
        INVITE.replace(b"Call-ID: 1@10.0.0.2\r\n", b""),
        INVITE.replace(b"To: <sip:100@10.0.0.1>\r\n", b"To: <a>\r\nTo: <b>\r\n"),
        INVITE.replace(b"Subject: one", b"Sub ject: one"),
        INVITE.replace(b"Subject: one", b"Subject: o\nne"),
        INVITE.replace(b"Subject: one", b"Subject: \xff"),
        INVITE.replace(b"Subject: one", b"Subject: " + b"x" * 5_000),
        INVITE.replace(b"Subject: one", b"A: b\r\n" * 200 + b"Subject: one"),
        INVITE + b"x" * MAX_MESSAGE_BYTES,
    ],
)
def test_damaged_message_is_a_typed_error(damaged: bytes) -> None:
    with pytest.raises(SipParseError):
        parse_message(damaged)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    for datagram in (noise, INVITE[: len(noise)] + noise, noise + INVITE):
        try:
            parse_message(datagram)
        except SipParseError:
            continue


@given(position=st.integers(0, len(INVITE) - 1), byte=st.integers(0, 255))
def test_one_changed_byte_is_read_or_refused(position: int, byte: int) -> None:
    damaged = bytearray(INVITE)
    damaged[position] = byte
    try:
        parse_message(bytes(damaged))
    except SipParseError:
        return


@given(name=TEXT.filter(str.strip), tag=st.none() | st.just("t1"))
def test_display_name_survives(name: str, tag: str | None) -> None:
    address = NameAddress(uri="sip:1@h;transport=udp", display_name=name, tag=tag)
    assert parse_name_address(str(address)) == address


@given(user=TEXT.filter(bool))
def test_user_part_survives_escaping(user: str) -> None:
    uri = SipUri(user=user, host="127.0.0.1", port=5060)
    assert parse_uri(str(uri)) == uri


def test_address_without_brackets_keeps_tag_out_of_uri() -> None:
    address = parse_name_address("sip:600@h;tag=x;other=1")
    assert address == NameAddress(uri="sip:600@h", tag="x")


@pytest.mark.parametrize("text", ["tel:600", "sip:", "sip:a b@h", "sip:1@h:70000", "", "sip:1@"])
def test_other_uris_are_refused(text: str) -> None:
    with pytest.raises(SipParseError):
        parse_uri(text)


def test_commas_in_quotes_and_brackets_do_not_split() -> None:
    assert split_list('"a, \\", b" <sip:x,y>, <sip:z>,') == ['"a, \\", b" <sip:x,y>', "<sip:z>"]


@pytest.mark.parametrize("value", ["a\r\nEvil: 1", "a\nb", "a\0b"])
def test_line_break_never_gets_into_a_message(value: str) -> None:
    headers = Headers(fields=(Header(name="Subject", value=value),))
    with pytest.raises(SoftphoneMisuseError):
        build_message(SipRequest(method="OPTIONS", uri="sip:h", headers=headers))


def test_response_copies_what_identifies_the_request_and_adds_the_tag() -> None:
    request = parse_request(INVITE)
    response = parse_message(build_message(response_to(request, 486, to_tag="mine")))
    assert isinstance(response, SipResponse)
    assert (response.status, response.reason) == (486, "Busy Here")
    assert response.headers.all("Via") == request.headers.all("Via")
    assert response.headers.get("To") == "<sip:100@10.0.0.1>;tag=mine"
    assert response.headers.get("CSeq") == "7 INVITE"


def test_top_via_tells_the_sender_where_it_was_seen() -> None:
    seen = with_received_via(parse_request(INVITE), host="192.0.2.1", port=999)
    first, second = seen.headers.items("Via")
    assert "rport=999" in first
    assert first.endswith("received=192.0.2.1")
    assert second == "SIP/2.0/UDP 10.0.0.3"
