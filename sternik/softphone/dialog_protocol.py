"""The state two phones share between INVITE and BYE (RFC 3261 section 12), without I/O."""

from __future__ import annotations

from dataclasses import replace

from .errors import SipParseError
from .sdp_protocol import MEDIA_TYPE
from .sip_protocol import (
    Header,
    Headers,
    NameAddress,
    SipRequest,
    SipResponse,
    cseq_of,
    parse_name_address,
    parse_uri,
    required,
)

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY"


def new_request(
    method: str,
    uri: str,
    *,
    local: NameAddress,
    remote: NameAddress,
    call_id: str,
    cseq: int,
    extra: Headers | None = None,
    body: bytes = b"",
) -> SipRequest:
    """Build a request without Via; a body is taken to be a session description."""
    fields = [
        Header(name="Max-Forwards", value="70"),
        Header(name="From", value=str(local)),
        Header(name="To", value=str(remote)),
        Header(name="Call-ID", value=call_id),
        Header(name="CSeq", value=f"{cseq} {method}"),
        Header(name="User-Agent", value="Sternik softphone"),
        *(extra or Headers()),
    ]
    if body:
        fields.append(Header(name="Content-Type", value=MEDIA_TYPE))
    return SipRequest(method=method, uri=uri, headers=Headers(fields=tuple(fields)), body=body)


class Dialog:
    """One dialog's identity, route and sequence numbers.

    `target` is the URI of the peer's last Contact; in-dialog requests go there, or to the first
    of the route set.
    """

    def __init__(
        self,
        *,
        call_id: str,
        local: NameAddress,
        remote: NameAddress,
        target: str,
        route_set: tuple[str, ...],
        local_cseq: int,
        remote_cseq: int | None,
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.target = target
        self.route_set = route_set
        self._local_cseq = local_cseq
        self._remote_cseq = remote_cseq

    @classmethod
    def of_caller(cls, invite: SipRequest, response: SipResponse) -> Dialog:
        """Make the caller's side from its INVITE and the 2xx; raises `SipParseError`."""
        return cls(
            call_id=required(invite, "Call-ID"),
            local=parse_name_address(required(invite, "From")),
            remote=parse_name_address(required(response, "To")),
            target=contact_of(response.headers),
            route_set=tuple(reversed(response.headers.items("Record-Route"))),
            local_cseq=cseq_of(invite).number,
            remote_cseq=None,
        )

    @classmethod
    def of_callee(cls, invite: SipRequest, *, local_tag: str) -> Dialog:
        """Make the callee's side from the INVITE it answers; raises `SipParseError`."""
        return cls(
            call_id=required(invite, "Call-ID"),
            local=replace(parse_name_address(required(invite, "To")), tag=local_tag),
            remote=parse_name_address(required(invite, "From")),
            target=contact_of(invite.headers),
            route_set=tuple(invite.headers.items("Record-Route")),
            local_cseq=0,
            remote_cseq=cseq_of(invite).number,
        )

    def request(self, method: str, *, extra: Headers | None = None) -> SipRequest:
        """Build the next request of this dialog, without Via."""
        self._local_cseq += 1
        return self._request(method, self._local_cseq, extra or Headers())

    def ack(self, invite_cseq: int, *, extra: Headers | None = None) -> SipRequest:
        """Build the ACK of a 2xx; it has its INVITE's number (RFC 3261 section 13.2.2.4)."""
        return self._request("ACK", invite_cseq, extra or Headers())

    def next_hop(self) -> tuple[str, int] | None:
        """Return the IPv4 address for in-dialog requests; None when it is a host name."""
        first = self.route_set[0] if self.route_set else f"<{self.target}>"
        uri = parse_uri(parse_name_address(first).uri)
        is_ipv4 = uri.host.replace(".", "").isdigit()
        return (uri.host, uri.port or 5060) if is_ipv4 else None

    def accept_request(self, request: SipRequest) -> bool:
        """Note a request's number; False when it is older than the last (section 12.2.2)."""
        number = cseq_of(request).number
        if self._remote_cseq is not None and number < self._remote_cseq:
            return False
        self._remote_cseq = number
        return True

    def refresh_target(self, request: SipRequest) -> None:
        """Take over the Contact of a re-INVITE or UPDATE, when it has one."""
        if request.headers.get("Contact") is not None:
            self.target = contact_of(request.headers)

    def _request(self, method: str, cseq: int, extra: Headers) -> SipRequest:
        for route in reversed(self.route_set):
            extra = extra.with_top("Route", route)
        return new_request(
            method,
            self.target,
            local=self.local,
            remote=self.remote,
            call_id=self.call_id,
            cseq=cseq,
            extra=extra,
        )


def contact_of(headers: Headers) -> str:
    """Return the URI of the first Contact; raises `SipParseError` when there is no SIP one."""
    items = headers.items("Contact")
    if not items:
        raise SipParseError("no Contact")
    uri = parse_name_address(items[0]).uri
    parse_uri(uri)
    return uri
