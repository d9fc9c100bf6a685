"""A call that somebody offers to this phone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from .call import Call
from .errors import CallCancelledError, SipParseError, SoftphoneMisuseError
from .sip_endpoint import ServerTransaction
from .sip_protocol import Headers, NameAddress, SipUri, parse_name_address, parse_uri, required


class IncomingCall:
    """An INVITE that waits for our decision.

    `caller_number` and `caller_name` come from From as it was sent; they prove nothing.
    `cancelled` is set when the caller gives up; `arrived_at_seconds` is monotonic.
    """

    def __init__(
        self,
        *,
        invite: ServerTransaction,
        local_tag: str,
        make_call: Callable[[IncomingCall, bool], Call],
    ) -> None:
        caller = parse_name_address(required(invite.request, "From"))
        self.invite = invite
        self.local_tag = local_tag
        self.call_id = required(invite.request, "Call-ID")
        self.caller_number = _user_of(caller)
        self.caller_name = caller.display_name
        self.called_number = _uri_or_none(invite.request.uri)
        self.arrived_at_seconds = time.monotonic()
        self.cancelled = asyncio.Event()
        self._make_call = make_call

    @property
    def headers(self) -> Headers:
        """All headers of the INVITE."""
        return self.invite.request.headers

    async def ring(self) -> None:
        """Say that the phone rings (180). Raises `CallCancelledError`, `SoftphoneMisuseError`."""
        self._refuse_if_decided()
        self.invite.respond(180, to_tag=self.local_tag)

    async def answer(self, *, send_silence: bool = True) -> Call:
        """Take the call and wait for the caller's ACK.

        Raises `CallCancelledError` when the caller has given up, `SdpError` when no codec is
        shared, `SipTimeoutError` when no ACK comes, `SoftphoneMisuseError` when already decided.
        """
        self._refuse_if_decided()
        call = self._make_call(self, send_silence)
        await call.take(self.invite)
        return call

    async def reject(self, status: int = 486) -> None:
        """Refuse with a status of 300 to 699.

        Raises `CallCancelledError` when the caller has given up, `SoftphoneMisuseError` for
        another status or a call already decided.
        """
        if not 300 <= status <= 699:
            raise SoftphoneMisuseError(f"{status} is no refusal")
        self._refuse_if_decided()
        self.invite.respond(status, to_tag=self.local_tag)

    def cancel(self) -> None:
        """Take the caller's CANCEL; for the phone."""
        if not self.invite.answered:
            self.invite.respond(487, to_tag=self.local_tag)
            self.cancelled.set()

    def _refuse_if_decided(self) -> None:
        if self.cancelled.is_set():
            raise CallCancelledError("the caller has given up")
        if self.invite.answered:
            raise SoftphoneMisuseError("the call was answered or rejected before")


def _user_of(address: NameAddress) -> str:
    uri = _uri_or_none(address.uri)
    return uri or ""


def _uri_or_none(text: str) -> str | None:
    try:
        uri: SipUri = parse_uri(text)
    except SipParseError:
        return None
    return uri.user
