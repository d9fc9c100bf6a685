"""The expected values are the worked examples of RFC 7616 section 3.9.1 and RFC 2617."""

from __future__ import annotations

import pytest

from sternik.softphone.digest_protocol import (
    Credentials,
    answer_challenge,
    authorization,
    parse_challenge,
)
from sternik.softphone.errors import DigestError
from sternik.softphone.sip_protocol import Headers

MUFASA = Credentials(user="Mufasa", password="Circle of Life")
CHALLENGE = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_worked_example_of_the_rfc(algorithm: str, response: str) -> None:
    value = authorization(
        parse_challenge(CHALLENGE.format(algorithm)),
        credentials=MUFASA,
        method="GET",
        uri="/dir/index.html",
        client_nonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert f'response="{response}"' in value
    assert "opaque=" in value


def test_first_challenge_we_can_answer_counts() -> None:
    headers = Headers()
    for algorithm in ("SHA-512-256", "SHA-256", "MD5"):
        headers = headers.with_field("Proxy-Authenticate", CHALLENGE.format(algorithm))
    answer = answer_challenge(
        headers, credentials=MUFASA, method="INVITE", uri="sip:1@h", client_nonce="c"
    )
    assert answer.name == "Proxy-Authorization"
    assert "algorithm=SHA-256" in answer.value


@pytest.mark.parametrize(
    "value", ["Basic realm=x", "Digest realm=x", CHALLENGE.format("SHA-512-256"), ""]
)
def test_unusable_challenge_is_a_typed_error(value: str) -> None:
    with pytest.raises(DigestError):
        parse_challenge(value)


def test_password_stays_out_of_the_repr() -> None:
    assert "Circle" not in repr(MUFASA)
