"""SIP messages: bytes in, frozen values out, and back (RFC 3261 sections 7, 19 and 25).

No I/O and no clock. One datagram is one message. Everything a peer can make large is capped, and
nothing with a line break gets into a message we build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from .errors import SipParseError, SoftphoneMisuseError

MAX_MESSAGE_BYTES = 16_384
MAX_HEADERS = 128
MAX_LINE_CHARACTERS = 4_096

_VERSION = "SIP/2.0"
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ?(.*)", re.DOTALL)
_REQUEST_LINE = re.compile(r"([A-Z][A-Za-z0-9\-.!%*_+`'~]*) (\S+) SIP/2\.0")
_CSEQ = re.compile(r"([0-9]{1,10})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")
_URI = re.compile(
    r"sips?:(?:(?P<user>[^@:\s]*)(?::[^@\s]*)?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]@:;?\s]+)(?::(?P<port>[0-9]{1,5}))?(?:[;?].*)?",
    re.IGNORECASE,
)
_USER_SAFE = "-_.!~*'()&=+$,/"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_COMPACT_NAMES = {
    "b": "Referred-By",
    "c": "Content-Type",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
}
_REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    503: "Service Unavailable",
    600: "Busy Everywhere",
    603: "Decline",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One header field; `name` in its long form, `value` unfolded and stripped."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """Header fields in their order; names compare without case (RFC 3261 section 7.3.1)."""

    fields: tuple[Header, ...] = ()

    def __iter__(self) -> Iterator[Header]:
        return iter(self.fields)

    def get(self, name: str) -> str | None:
        """Return the first value of the header, or None."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        """Return every value of the header, top first, one item a header line."""
        wanted = name.lower()
        return [field.value for field in self.fields if field.name.lower() == wanted]

    def items(self, name: str) -> list[str]:
        """Return every comma-separated item of a list header such as Via or Record-Route."""
        return [item for value in self.all(name) for item in split_list(value)]

    def with_field(self, name: str, value: str) -> Headers:
        """Return a copy with one more header at the end."""
        return Headers(fields=(*self.fields, Header(name=name, value=value)))

    def with_top(self, name: str, value: str) -> Headers:
        """Return a copy with one more header in front."""
        return Headers(fields=(Header(name=name, value=value), *self.fields))

    def without(self, name: str) -> Headers:
        """Return a copy that lacks every header of this name."""
        unwanted = name.lower()
        return Headers(fields=tuple(f for f in self.fields if f.name.lower() != unwanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class CSeq:
    """Sequence number (0 to 2**31 - 1) and method of a transaction."""

    number: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SipUri:
    """The parts of a `sip:` URI we use; `user` is unescaped, `port` None when not given."""

    user: str | None
    host: str
    port: int | None = None

    def __str__(self) -> str:
        user = "" if self.user is None else quote(self.user, safe=_USER_SAFE) + "@"
        port = "" if self.port is None else f":{self.port}"
        return f"sip:{user}{self.host}{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAddress:
    """A From, To or Contact value: display name, URI as written, and the header's tag."""

    uri: str
    display_name: str | None = None
    tag: str | None = None

    def __str__(self) -> str:
        name = "" if self.display_name is None else f"{quote_string(self.display_name)} "
        tag = "" if self.tag is None else f";tag={self.tag}"
        return f"{name}<{self.uri}>{tag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """What we use of a Via item: the sender, the branch, and whether rport was asked for."""

    sent_by: str
    branch: str
    wants_rport: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SipRequest:
    """A request; `body` is empty when there is none. Content-Length is added when built."""

    method: str
    uri: str
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipResponse:
    """A response; `status` 100 to 699."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""


SipMessage = SipRequest | SipResponse


def parse_message(datagram: bytes) -> SipMessage:
    """Read one datagram.

    Raises `SipParseError` for anything that is not a complete SIP message with the headers every
    message must have (RFC 3261 section 8.1.1), or that exceeds the caps of this module.
    """
    if len(datagram) > MAX_MESSAGE_BYTES:
        raise SipParseError(f"message of {len(datagram)} bytes")
    head, blank_line, rest = datagram.partition(b"\r\n\r\n")
    if not blank_line:
        raise SipParseError("no blank line after the headers")
    lines = _split_lines(head)
    headers = _parse_headers(lines[1:])
    body = _cut_body(headers, rest)
    message = _parse_start_line(lines[0], headers, body)
    _check_mandatory_headers(message)
    return message


def build_message(message: SipMessage) -> bytes:
    """Write a message with its Content-Length.

    Raises `SoftphoneMisuseError` when a part holds a control character: it could become a header.
    """
    if isinstance(message, SipRequest):
        start = f"{message.method} {message.uri} {_VERSION}"
    else:
        start = f"{_VERSION} {message.status} {message.reason}"
    fields = message.headers.without("Content-Length")
    lines = [start, *(f"{field.name}: {field.value}" for field in fields)]
    lines.append(f"Content-Length: {len(message.body)}")
    for line in lines:
        if _UNPRINTABLE.search(line):
            raise SoftphoneMisuseError("control character in a SIP header")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + message.body


def response_to(
    request: SipRequest,
    status: int,
    *,
    reason: str | None = None,
    to_tag: str | None = None,
    extra: Headers | None = None,
    body: bytes = b"",
) -> SipResponse:
    """Build a response to a request (RFC 3261 section 8.2.6).

    `to_tag` is added to To unless the request already had one; `extra` headers come last.
    """
    to = required(request, "To")
    if to_tag is not None and parse_name_address(to).tag is None:
        to = f"{to};tag={to_tag}"
    fields = [Header(name="Via", value=value) for value in request.headers.all("Via")]
    fields += [Header(name="Record-Route", value=v) for v in request.headers.all("Record-Route")]
    fields.append(Header(name="From", value=required(request, "From")))
    fields.append(Header(name="To", value=to))
    fields.append(Header(name="Call-ID", value=required(request, "Call-ID")))
    fields.append(Header(name="CSeq", value=required(request, "CSeq")))
    headers = Headers(fields=(*fields, *(extra or Headers())))
    reason = default_reason(status) if reason is None else reason
    return SipResponse(status=status, reason=reason, headers=headers, body=body)


def default_reason(status: int) -> str:
    """Return the standard's reason phrase for a status, or a general word for its class."""
    classes = {1: "Progress", 2: "OK", 3: "Redirection", 4: "Client Error", 5: "Server Error"}
    return _REASONS.get(status) or classes.get(status // 100, "Global Failure")


def required(message: SipMessage, name: str) -> str:
    """Return a header's first value; raises `SipParseError` when it is missing."""
    value = message.headers.get(name)
    if value is None:
        raise SipParseError(f"no {name} header")
    return value


def cseq_of(message: SipMessage) -> CSeq:
    """Read the CSeq header; raises `SipParseError`."""
    match = _CSEQ.fullmatch(required(message, "CSeq"))
    if match is None or int(match[1]) >= 2**31:
        raise SipParseError("bad CSeq")
    return CSeq(number=int(match[1]), method=match[2])


def top_via(message: SipMessage) -> Via:
    """Read the first Via item; raises `SipParseError`."""
    items = message.headers.items("Via")
    if not items:
        raise SipParseError("no Via header")
    protocol_and_host, _, parameters = items[0].partition(";")
    words = protocol_and_host.split()
    if len(words) < 2 or not words[0].upper().startswith("SIP/2.0/"):
        raise SipParseError("bad Via")
    return Via(
        sent_by=words[-1].lower(),
        branch=_parameter(parameters, "branch") or "",
        wants_rport=_parameter(parameters, "rport") == "",
    )


def with_received_via(request: SipRequest, *, host: str, port: int) -> SipRequest:
    """Write the sender's address into the top Via when it asked for that (RFC 3581 section 4)."""
    if not top_via(request).wants_rport:
        return request
    first, *others = request.headers.items("Via")
    first = re.sub(r";[ \t]*rport(?=[;\s]|$)", f";rport={port}", first, flags=re.IGNORECASE)
    headers = request.headers.without("Via")
    for item in (*reversed(others), f"{first};received={host}"):
        headers = headers.with_top("Via", item)
    return replace(request, headers=headers)


def parse_name_address(value: str) -> NameAddress:
    """Read a From, To or Contact value; raises `SipParseError` (RFC 3261 section 20.10)."""
    display_name, rest = _take_display_name(value.strip())
    if rest.startswith("<"):
        uri, bracket, parameters = rest[1:].partition(">")
        if not bracket:
            raise SipParseError("address without closing bracket")
    else:
        uri, _, parameters = rest.partition(";")
    if not uri.strip():
        raise SipParseError("address without URI")
    tag = _parameter(parameters, "tag") or None
    return NameAddress(uri=uri.strip(), display_name=display_name or None, tag=tag)


def parse_uri(text: str) -> SipUri:
    """Read a `sip:` or `sips:` URI; raises `SipParseError` for any other (RFC 3261 19.1)."""
    match = _URI.fullmatch(text.strip())
    if match is None:
        raise SipParseError("not a SIP URI")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65_536:
        raise SipParseError("port out of range")
    user = None if match["user"] is None else unquote(match["user"])
    return SipUri(user=user, host=match["host"], port=port)


def split_list(value: str) -> list[str]:
    """Split at commas outside quotes and angle brackets; empty items are dropped."""
    items, current, quoted, bracketed, escaped = [], "", False, False, False
    for character in value:
        if character == "," and not quoted and not bracketed:
            items.append(current)
            current = ""
            continue
        current += character
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = character == "\\", character != '"'
        else:
            quoted = character == '"'
            bracketed = character == "<" or (bracketed and character != ">")
    items.append(current)
    return [item.strip() for item in items if item.strip()]


def quote_string(text: str) -> str:
    """Return a quoted-string (RFC 3261 section 25.1)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _split_lines(head: bytes) -> list[str]:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SipParseError("headers are not UTF-8") from error
    lines: list[str] = []
    for line in text.split("\r\n"):
        if line[:1] in (" ", "\t") and lines:
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
        if len(lines[-1]) > MAX_LINE_CHARACTERS or _UNPRINTABLE.search(line):
            raise SipParseError("line too long or with control characters")
    return lines


def _parse_headers(lines: list[str]) -> Headers:
    if len(lines) > MAX_HEADERS:
        raise SipParseError(f"{len(lines)} headers")
    return Headers(fields=tuple(_parse_header(line) for line in lines))


def _parse_header(line: str) -> Header:
    name, colon, value = line.partition(":")
    name = name.strip()
    if not colon or not _TOKEN.fullmatch(name):
        raise SipParseError("bad header line")
    return Header(name=_COMPACT_NAMES.get(name.lower(), name), value=value.strip())


def _cut_body(headers: Headers, rest: bytes) -> bytes:
    """Cut the datagram's rest to Content-Length (RFC 3261 section 18.3)."""
    lengths = headers.all("Content-Length")
    if not lengths:
        return rest
    if len(set(lengths)) > 1 or not re.fullmatch(r"[0-9]{1,6}", lengths[0]):
        raise SipParseError("bad Content-Length")
    length = int(lengths[0])
    if length > len(rest):
        raise SipParseError("body shorter than Content-Length")
    return rest[:length]


def _parse_start_line(line: str, headers: Headers, body: bytes) -> SipMessage:
    if match := _STATUS_LINE.fullmatch(line):
        return SipResponse(status=int(match[1]), reason=match[2], headers=headers, body=body)
    if match := _REQUEST_LINE.fullmatch(line):
        return SipRequest(method=match[1], uri=match[2], headers=headers, body=body)
    raise SipParseError("bad start line")


def _check_mandatory_headers(message: SipMessage) -> None:
    for name in ("From", "To", "Call-ID", "CSeq"):
        if len(message.headers.all(name)) != 1:
            raise SipParseError(f"not exactly one {name} header")
    top_via(message)
    parse_name_address(required(message, "From"))
    parse_name_address(required(message, "To"))
    cseq = cseq_of(message)
    if isinstance(message, SipRequest) and cseq.method != message.method:
        raise SipParseError("CSeq names another method")


def _take_display_name(value: str) -> tuple[str, str]:
    if value.startswith('"'):
        match = re.match(r'"((?:[^"\\]|\\.)*)"\s*', value)
        if match is None:
            raise SipParseError("display name without closing quote")
        return re.sub(r"\\(.)", r"\1", match[1]), value[match.end() :]
    name, bracket, rest = value.partition("<")
    return (name.strip(), bracket + rest) if bracket else ("", value)


def _parameter(parameters: str, name: str) -> str | None:
    """Value of a `;name=value` parameter, "" for one without value, None when absent."""
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == name:
            return value.strip()
    return None
