"""One INVITE of ours, from the first datagram to the answer, the refusal or the CANCEL."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from .digest_protocol import Credentials, authorized
from .errors import CallRejectedError
from .sip_endpoint import Address, ClientTransaction, SipEndpoint
from .sip_protocol import Header, Headers, SipRequest, SipResponse, cseq_of, required, top_via

_CHALLENGES = (401, 407)


class OutgoingInvite:
    """Sends an INVITE, answers one challenge, and can take the call back.

    `on_progress` gets every provisional response but 100. A CANCEL waits for the first
    provisional response, as RFC 3261 section 9.1 asks.
    """

    def __init__(
        self,
        *,
        endpoint: SipEndpoint,
        invite: SipRequest,
        destination: Address,
        credentials: Credentials | None,
        on_progress: Callable[[SipResponse], None],
    ) -> None:
        self.cancelled = False
        self._endpoint = endpoint
        self._invite = invite
        self._destination = destination
        self._credentials = credentials
        self._on_progress = on_progress
        self._proceeding = False
        self._transaction = endpoint.start(invite, destination)

    @property
    def request(self) -> SipRequest:
        """The INVITE as last sent."""
        return self._transaction.request

    async def run(self) -> SipResponse:
        """Return the 2xx, which still wants its ACK.

        Raises `CallRejectedError` for a final status of 300 or more, `SipTimeoutError` when the
        peer does not answer at all, `DigestError` when its challenge cannot be answered.
        """
        response = await self._final_response()
        if response.status in _CHALLENGES and self._credentials and not self.cancelled:
            self._authorize(response, self._credentials)
            response = await self._final_response()
        if response.status >= 300:
            raise CallRejectedError(response.status, response.reason)
        return response

    def acknowledge(self, ack: SipRequest, destination: Address) -> None:
        """Send the ACK of the 2xx, again whenever the 2xx is repeated."""
        self._transaction.acknowledge(self._endpoint.with_via(ack), destination)

    def cancel(self) -> None:
        """Take the call back, now or as soon as the peer has shown it knows of it."""
        if not self.cancelled:
            self.cancelled = True
            self._transaction.expire_in(self._endpoint.timers.give_up_seconds)
            if self._proceeding:
                self._send_cancel()

    async def _final_response(self) -> SipResponse:
        while (response := await self._transaction.next_response()).status < 200:
            self._note_progress(response)
        return response

    def _note_progress(self, response: SipResponse) -> None:
        first, self._proceeding = not self._proceeding, True
        if first and self.cancelled:
            self._send_cancel()
        if response.status > 100:
            self._on_progress(response)

    def _authorize(self, response: SipResponse, credentials: Credentials) -> None:
        self._invite = authorized(
            self._invite, response, credentials=credentials, client_nonce=secrets.token_hex(8)
        )
        self._proceeding = False
        self._transaction = self._endpoint.start(self._invite, self._destination)

    def _send_cancel(self) -> ClientTransaction:
        branch = top_via(self.request).branch
        return self._endpoint.start(_cancel_of(self._invite), self._destination, branch=branch)


def _cancel_of(invite: SipRequest) -> SipRequest:
    """Build the CANCEL of an INVITE without Via (RFC 3261 section 9.1)."""
    fields = (
        *(Header(name="Route", value=value) for value in invite.headers.all("Route")),
        Header(name="Max-Forwards", value="70"),
        Header(name="From", value=required(invite, "From")),
        Header(name="To", value=required(invite, "To")),
        Header(name="Call-ID", value=required(invite, "Call-ID")),
        Header(name="CSeq", value=f"{cseq_of(invite).number} CANCEL"),
    )
    return SipRequest(method="CANCEL", uri=invite.uri, headers=Headers(fields=fields))
