"""One UDP socket for SIP with its transactions (RFC 3261 sections 17 and 18).

Client transactions send a request again until it is answered; server transactions answer a
repeated request with the same response. What a request means is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from .errors import SipParseError, SipTimeoutError
from .sip_protocol import (
    Header,
    Headers,
    SipMessage,
    SipRequest,
    SipResponse,
    build_message,
    cseq_of,
    parse_message,
    required,
    response_to,
    top_via,
    with_received_via,
)

MAX_TRANSACTIONS = 20_000
MAX_WAITING_RESPONSES = 64
BRANCH_COOKIE = "z9hG4bK"

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SipTimers:
    """T1 (estimate of a round trip) and T2 (longest interval), RFC 3261 table 4."""

    t1_seconds: float = 0.5
    t2_seconds: float = 4.0

    @property
    def give_up_seconds(self) -> float:
        """64 x T1: how long anything is tried (timers B, F, H)."""
        return 64 * self.t1_seconds


class Retransmission:
    """Repeats a `send` at doubling intervals until stopped; `give_up` is called after 64 x T1."""

    def __init__(
        self,
        *,
        send: Callable[[], None],
        give_up: Callable[[], None],
        timers: SipTimers,
        longest_seconds: float,
    ) -> None:
        self._send = send
        self._longest_seconds = longest_seconds
        self._interval_seconds = timers.t1_seconds
        self._loop = asyncio.get_running_loop()
        self._give_up = self._loop.call_later(timers.give_up_seconds, self._stop_and, give_up)
        self._next = self._loop.call_later(self._interval_seconds, self._repeat)

    def stop(self) -> None:
        """Send no more and do not give up either."""
        self._next.cancel()
        self._give_up.cancel()

    def _repeat(self) -> None:
        self._send()
        self._interval_seconds = min(2 * self._interval_seconds, self._longest_seconds)
        self._next = self._loop.call_later(self._interval_seconds, self._repeat)

    def _stop_and(self, give_up: Callable[[], None]) -> None:
        self._next.cancel()
        give_up()


class ClientTransaction:
    """A request on its way, repeated until the peer answers.

    Responses wait in a queue of 64; more than that are dropped.
    """

    def __init__(self, *, endpoint: SipEndpoint, request: SipRequest, destination: Address) -> None:
        self.request = request
        self.destination = destination
        self._endpoint = endpoint
        self._responses: asyncio.Queue[SipResponse | None] = asyncio.Queue(MAX_WAITING_RESPONSES)
        self._send_ack: Callable[[], None] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._final = False
        is_invite = request.method == "INVITE"
        timers = endpoint.timers
        endpoint.send(request, destination)
        self._retransmission = Retransmission(
            send=lambda: endpoint.send(request, destination),
            give_up=self._time_out,
            timers=timers,
            longest_seconds=timers.give_up_seconds if is_invite else timers.t2_seconds,
        )

    async def next_response(self) -> SipResponse:
        """Wait for the next response; raises `SipTimeoutError` when the peer does not answer."""
        response = await self._responses.get()
        if response is None:
            raise SipTimeoutError(self.request.method)
        return response

    async def final_response(self) -> SipResponse:
        """Wait for the first response with a status of 200 or more; raises `SipTimeoutError`."""
        while (response := await self.next_response()).status < 200:
            pass
        return response

    def acknowledge(self, ack: SipRequest, destination: Address) -> None:
        """Send an ACK, and send it again whenever the final response is repeated."""
        self._send_ack = lambda: self._endpoint.send(ack, destination)
        self._send_ack()

    def expire_in(self, seconds: float) -> None:
        """Give up if there is no final response by then."""
        self._expiry = asyncio.get_running_loop().call_later(seconds, self._time_out)

    def receive(self, response: SipResponse) -> None:
        """Take a response from the network."""
        if self._final:
            if response.status >= 200 and self._send_ack is not None:
                self._send_ack()
            return
        if response.status < 200:
            self._receive_provisional()
        else:
            self._receive_final(response)
        self._put(response)

    def close(self) -> None:
        """Stop all timers; whoever waits for a response gets `SipTimeoutError`."""
        self._retransmission.stop()
        if self._expiry is not None:
            self._expiry.cancel()
        self._put(None)

    def _receive_provisional(self) -> None:
        """Let an INVITE ring for ever; other requests are still repeated (17.1.2.2)."""
        if self.request.method == "INVITE":
            self._retransmission.stop()

    def _receive_final(self, response: SipResponse) -> None:
        self._final = True
        self._retransmission.stop()
        self._endpoint.forget_later(self)
        if self.request.method == "INVITE" and response.status >= 300:
            self.acknowledge(_ack_for_refusal(self.request, response), self.destination)

    def _time_out(self) -> None:
        if not self._final:
            self._final = True
            self._retransmission.stop()
            self._endpoint.forget_later(self)
            self._put(None)

    def _put(self, response: SipResponse | None) -> None:
        if self._responses.full():
            if response is not None and response.status < 200:
                return
            self._responses.get_nowait()
        self._responses.put_nowait(response)


class ServerTransaction:
    """A request from the peer and the response it is given.

    `invite_unacknowledged` is called when a final response to INVITE gets no ACK in time.
    """

    def __init__(self, *, endpoint: SipEndpoint, request: SipRequest, source: Address) -> None:
        self.request = request
        self.source = source
        self.invite_unacknowledged: Callable[[], None] | None = None
        self.answered = False
        self._endpoint = endpoint
        self._last: SipResponse | None = None
        self._retransmission: Retransmission | None = None

    def respond(
        self,
        status: int,
        *,
        reason: str | None = None,
        to_tag: str | None = None,
        extra: Headers | None = None,
        body: bytes = b"",
    ) -> None:
        """Send a response; after a final one, further responses are ignored."""
        if self.answered:
            return
        if to_tag is None and status > 100:
            to_tag = secrets.token_hex(8)
        self._last = response_to(
            with_received_via(self.request, host=self.source[0], port=self.source[1]),
            status,
            reason=reason,
            to_tag=to_tag,
            extra=extra,
            body=body,
        )
        self.repeat()
        if status >= 200:
            self._finish()

    def repeat(self) -> None:
        """Send the last response again."""
        if self._last is not None:
            self._endpoint.send(self._last, self.source)

    def acknowledged(self) -> None:
        """Stop repeating the final response: the ACK is here."""
        if self._retransmission is not None:
            self._retransmission.stop()

    def close(self) -> None:
        """Stop all timers."""
        self.acknowledged()

    def _finish(self) -> None:
        self.answered = True
        if self.request.method == "INVITE":
            timers = self._endpoint.timers
            self._retransmission = Retransmission(
                send=self.repeat,
                give_up=self._give_up,
                timers=timers,
                longest_seconds=timers.t2_seconds,
            )
        self._endpoint.forget_later(self)

    def _give_up(self) -> None:
        if self.invite_unacknowledged is not None:
            self.invite_unacknowledged()


class SipEndpoint(asyncio.DatagramProtocol):
    """A UDP socket that speaks SIP.

    `on_request` gets each new request but ACK and what repeats an older one; `on_ack` gets the
    ACK of a 2xx, and `on_cancel` the CANCEL with the INVITE it is about, or None.
    Transactions live 64 x T1 after they are done; beyond 20,000 of them new requests are dropped.
    """

    def __init__(
        self,
        *,
        timers: SipTimers,
        on_request: Callable[[ServerTransaction], None],
        on_ack: Callable[[SipRequest], None],
        on_cancel: Callable[[ServerTransaction, ServerTransaction | None], None],
    ) -> None:
        self.timers = timers
        self.malformed = 0
        self.host = ""
        self.port = 0
        self._on_request = on_request
        self._on_ack = on_ack
        self._on_cancel = on_cancel
        self._transport: asyncio.DatagramTransport | None = None
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, str, str], ServerTransaction] = {}
        self._forget_timers: set[asyncio.TimerHandle] = set()

    async def open(self, host: str, port: int) -> None:
        """Bind the socket; port 0 takes a free one. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))

    def close(self) -> None:
        """Close the socket and stop all timers."""
        for client in self._clients.values():
            client.close()
        for server in self._servers.values():
            server.close()
        for timer in self._forget_timers:
            timer.cancel()
        self._clients.clear()
        self._servers.clear()
        if self._transport is not None:
            self._transport.close()

    def start(
        self, request: SipRequest, destination: Address, *, branch: str | None = None
    ) -> ClientTransaction:
        """Send a request that has no Via yet and follow it; CANCEL gives its INVITE's branch."""
        request = self.with_via(request, branch=branch)
        transaction = ClientTransaction(endpoint=self, request=request, destination=destination)
        self._clients[(top_via(request).branch, request.method)] = transaction
        return transaction

    def with_via(self, request: SipRequest, *, branch: str | None = None) -> SipRequest:
        """Put our Via on top, with a new branch unless one is given."""
        branch = branch or BRANCH_COOKIE + secrets.token_hex(12)
        via = f"SIP/2.0/UDP {self.host}:{self.port};rport;branch={branch}"
        return replace(request, headers=request.headers.with_top("Via", via))

    def send(self, message: SipMessage, destination: Address) -> None:
        """Send one message once; nothing is sent when the socket is closed."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(build_message(message), destination)

    def forget_later(self, transaction: ClientTransaction | ServerTransaction) -> None:
        """Keep a finished transaction for 64 x T1, to absorb repeats."""
        loop = asyncio.get_running_loop()

        def forget() -> None:
            self._forget_timers.discard(timer)
            self._forget(transaction)

        timer = loop.call_later(self.timers.give_up_seconds, forget)
        self._forget_timers.add(timer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the open socket; part of asyncio's protocol interface."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.host, self.port = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Take a datagram; one that is no SIP message is counted and dropped."""
        try:
            message = parse_message(data)
        except SipParseError:
            self.malformed += 1
            return
        if isinstance(message, SipResponse):
            self._receive_response(message)
        else:
            self._receive_request(message, addr)

    def _receive_response(self, response: SipResponse) -> None:
        key = (top_via(response).branch, cseq_of(response).method)
        if transaction := self._clients.get(key):
            transaction.receive(response)

    def _receive_request(self, request: SipRequest, source: Address) -> None:
        if known := self._servers.get(_server_key(request, request.method)):
            known.repeat()
        elif request.method == "ACK":
            self._receive_ack(request)
        elif len(self._servers) < MAX_TRANSACTIONS:
            transaction = ServerTransaction(endpoint=self, request=request, source=source)
            self._servers[_server_key(request, request.method)] = transaction
            self._dispatch(transaction)

    def _receive_ack(self, request: SipRequest) -> None:
        """Tell a refusal's ACK, with its INVITE's branch, from an answer's (17.1.1.3)."""
        invite = self._servers.get(_server_key(request, "INVITE"))
        if invite is not None:
            invite.acknowledged()
        else:
            self._on_ack(request)

    def _dispatch(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        try:
            if request.method == "CANCEL":
                invite = self._servers.get(_server_key(request, "INVITE"))
                self._on_cancel(transaction, invite)
            else:
                self._on_request(transaction)
        except SipParseError:
            self.malformed += 1
            transaction.respond(400)

    def _forget(self, transaction: ClientTransaction | ServerTransaction) -> None:
        request = transaction.request
        if isinstance(transaction, ClientTransaction):
            self._clients.pop((top_via(request).branch, request.method), None)
        else:
            self._servers.pop(_server_key(request, request.method), None)


def _server_key(request: SipRequest, method: str) -> tuple[str, str, str]:
    via = top_via(request)
    return via.branch, via.sent_by, method


def _ack_for_refusal(invite: SipRequest, response: SipResponse) -> SipRequest:
    """Build the ACK that belongs to the INVITE's own transaction (RFC 3261 17.1.1.3)."""
    fields = [Header(name="Via", value=invite.headers.all("Via")[0])]
    fields += [Header(name="Route", value=value) for value in invite.headers.all("Route")]
    fields += [
        Header(name="Max-Forwards", value="70"),
        Header(name="From", value=required(invite, "From")),
        Header(name="To", value=required(response, "To")),
        Header(name="Call-ID", value=required(invite, "Call-ID")),
        Header(name="CSeq", value=f"{cseq_of(invite).number} ACK"),
    ]
    return SipRequest(method="ACK", uri=invite.uri, headers=Headers(fields=tuple(fields)))
