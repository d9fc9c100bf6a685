"""Digest authentication of SIP requests (RFC 3261 section 22, RFC 7616, RFC 8760).

No I/O. MD5 and SHA-256, with `qop=auth` or without qop. Where a peer gives several challenges the
first one we can answer counts, as RFC 8760 asks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from .errors import DigestError
from .sip_protocol import Header, Headers, SipRequest, SipResponse, cseq_of, quote_string

_PARAMETER = re.compile(r'([A-Za-z0-9\-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)')
_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user name and password; the password stays out of the repr."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(user={self.user!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A server's digest challenge; `qop_auth` says whether quality of protection is offered."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop_auth: bool = False
    opaque: str | None = None


def parse_challenge(value: str) -> Challenge:
    """Read a WWW-Authenticate or Proxy-Authenticate value; raises `DigestError`."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise DigestError("challenge is not Digest")
    parameters = {name.lower(): _unquote(text) for name, text in _PARAMETER.findall(rest)}
    algorithm = parameters.get("algorithm", "MD5").upper()
    if algorithm not in _HASHES:
        raise DigestError("algorithm is neither MD5 nor SHA-256")
    if "realm" not in parameters or "nonce" not in parameters:
        raise DigestError("challenge without realm or nonce")
    qops = [qop.strip().lower() for qop in parameters.get("qop", "").split(",")]
    return Challenge(
        realm=parameters["realm"],
        nonce=parameters["nonce"],
        algorithm=algorithm,
        qop_auth="auth" in qops,
        opaque=parameters.get("opaque"),
    )


def authorized(
    request: SipRequest, response: SipResponse, *, credentials: Credentials, client_nonce: str
) -> SipRequest:
    """Return the request to send after a 401 or 407: the next CSeq and the answer.

    `request` has no Via. Raises `DigestError` when no challenge can be answered.
    """
    answer = answer_challenge(
        response.headers,
        credentials=credentials,
        method=request.method,
        uri=request.uri,
        client_nonce=client_nonce,
    )
    cseq = f"{cseq_of(request).number + 1} {request.method}"
    headers = request.headers.without("CSeq").with_field("CSeq", cseq)
    return replace(request, headers=headers.with_field(answer.name, answer.value))


def answer_challenge(
    headers: Headers, *, credentials: Credentials, method: str, uri: str, client_nonce: str
) -> Header:
    """Return the header that answers a 401 or 407 with these `headers`.

    Raises `DigestError` when none of its challenges can be answered.
    """
    for name, answer_name in (
        ("WWW-Authenticate", "Authorization"),
        ("Proxy-Authenticate", "Proxy-Authorization"),
    ):
        for value in headers.all(name):
            challenge = _challenge_or_none(value)
            if challenge is not None:
                answer = authorization(
                    challenge,
                    credentials=credentials,
                    method=method,
                    uri=uri,
                    client_nonce=client_nonce,
                )
                return Header(name=answer_name, value=answer)
    raise DigestError("no challenge we can answer")


def authorization(
    challenge: Challenge, *, credentials: Credentials, method: str, uri: str, client_nonce: str
) -> str:
    """Return the value of an Authorization header; the nonce count is always 1."""
    digest = _HASHES[challenge.algorithm]
    secret = digest(f"{credentials.user}:{challenge.realm}:{credentials.password}".encode())
    target = digest(f"{method}:{uri}".encode())
    middle = f"{challenge.nonce}"
    if challenge.qop_auth:
        middle += f":00000001:{client_nonce}:auth"
    parts = [
        f"username={quote_string(credentials.user)}",
        f"realm={quote_string(challenge.realm)}",
        f"nonce={quote_string(challenge.nonce)}",
        f"uri={quote_string(uri)}",
        f'response="{digest(f"{secret}:{middle}:{target}".encode())}"',
        f"algorithm={challenge.algorithm}",
    ]
    if challenge.opaque is not None:
        parts.append(f"opaque={quote_string(challenge.opaque)}")
    if challenge.qop_auth:
        parts += ["qop=auth", "nc=00000001", f"cnonce={quote_string(client_nonce)}"]
    return "Digest " + ", ".join(parts)


def _challenge_or_none(value: str) -> Challenge | None:
    try:
        return parse_challenge(value)
    except DigestError:
        return None


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1])
