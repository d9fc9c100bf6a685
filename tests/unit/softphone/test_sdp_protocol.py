from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sternik.softphone.errors import SdpError
from sternik.softphone.g711 import Codec
from sternik.softphone.sdp_protocol import (
    AudioDescription,
    Direction,
    answer_to,
    build_sdp,
    parse_sdp,
)

DESCRIPTIONS = st.builds(
    AudioDescription,
    host=st.ip_addresses(v=4).map(str),
    port=st.integers(1, 65535),
    codecs=st.permutations(list(Codec)).map(tuple),
    telephone_event=st.none() | st.integers(96, 127),
    direction=st.sampled_from(Direction),
    session_id=st.integers(0, 2**63),
    version=st.integers(0, 2**63),
)
OFFER = AudioDescription(host="127.0.0.1", port=4000, codecs=(Codec.PCMA, Codec.PCMU))


@given(DESCRIPTIONS)
def test_description_survives_building_and_parsing(description: AudioDescription) -> None:
    assert parse_sdp(build_sdp(description)) == description


def test_answer_keeps_the_offers_order_and_event_type() -> None:
    offer = AudioDescription(
        host="10.0.0.1",
        port=1,
        codecs=(Codec.PCMA, Codec.PCMU),
        telephone_event=99,
        direction=Direction.SENDONLY,
    )
    answer = answer_to(offer, AudioDescription(host="h", port=2, codecs=(Codec.PCMU, Codec.PCMA)))
    assert answer.codecs == (Codec.PCMA, Codec.PCMU)
    assert answer.telephone_event == 99
    assert answer.direction is Direction.RECVONLY
    assert answer.port == 2


def test_no_common_codec_is_a_typed_error() -> None:
    with pytest.raises(SdpError):
        answer_to(
            AudioDescription(host="h", port=1, codecs=(Codec.PCMA,)),
            AudioDescription(host="h", port=1, codecs=(Codec.PCMU,)),
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"v=0", b"v=1"),
        (b"m=audio", b"m=video"),
        (b"m=audio 4000", b"m=audio 0"),
        (b"m=audio 4000", b"m=audio 99999"),
        (b"RTP/AVP 8 0 101", b"RTP/AVP 9 18"),
        (b"c=IN IP4 127.0.0.1", b"c=IN IP6 ::1"),
        (b"c=IN IP4 127.0.0.1\r\n", b""),
        (b"o=- 1 1", b"o=- x y"),
        (b"s=-", b"s=" + b"x" * 9000),
        (b"s=-", b"s=\xff"),
    ],
)
def test_unusable_description_is_a_typed_error(old: bytes, new: bytes) -> None:
    assert old in build_sdp(OFFER)
    with pytest.raises(SdpError):
        parse_sdp(build_sdp(OFFER).replace(old, new))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    for body in (noise, b"v=0\r\n" + noise, build_sdp(OFFER) + noise):
        try:
            parse_sdp(body)
        except SdpError:
            continue


def test_hold_is_seen_in_both_ways_of_writing_it() -> None:
    assert not parse_sdp(build_sdp(OFFER).replace(b"sendrecv", b"sendonly")).accepts_audio
    assert not parse_sdp(build_sdp(OFFER).replace(b"127.0.0.1", b"0.0.0.0")).accepts_audio
    assert parse_sdp(build_sdp(OFFER)).accepts_audio
