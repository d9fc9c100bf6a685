"""What can go wrong in the softphone, ordered by what the caller does next."""

from __future__ import annotations


class SoftphoneError(Exception):
    """Root of every error the softphone raises on purpose."""


class SoftphoneMisuseError(SoftphoneError):
    """The calling code asked for something that makes no sense; fix the code."""


class PeerProtocolError(SoftphoneError):
    """The peer sent something the standards do not allow, or that we cannot use."""


class SipParseError(PeerProtocolError):
    """A datagram is not a SIP message (RFC 3261 section 7)."""


class SdpError(PeerProtocolError):
    """A session description cannot be read or shares no codec with us (RFC 8866, RFC 3264)."""


class RtpParseError(PeerProtocolError):
    """A datagram is not an RTP packet or telephone event (RFC 3550, RFC 4733)."""


class DigestError(PeerProtocolError):
    """A challenge cannot be read or asks for an unsupported algorithm (RFC 7616)."""


class PeerTimeoutError(SoftphoneError):
    """The peer did not do its part in time."""


class SipTimeoutError(PeerTimeoutError):
    """A SIP request got no response within 64 x T1 (RFC 3261 timers B and F)."""

    def __init__(self, method: str) -> None:
        super().__init__(f"no response to {method}")
        self.method = method


class AnswerTimeoutError(PeerTimeoutError):
    """Nobody answered in time; the call was cancelled."""

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__(f"no answer within {timeout_seconds} s")
        self.timeout_seconds = timeout_seconds


class SoundTimeoutError(PeerTimeoutError):
    """The awaited sound, silence or digit was not heard in time."""

    def __init__(self, awaited: str, timeout_seconds: float) -> None:
        super().__init__(f"{awaited} not heard within {timeout_seconds} s")
        self.awaited = awaited
        self.timeout_seconds = timeout_seconds


class RequestRejectedError(SoftphoneError):
    """The peer refused a request with a final status of 300 or more."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class CallRejectedError(RequestRejectedError):
    """The peer refused the call; `status` is the SIP status, 300 to 699."""


class RegistrationRejectedError(RequestRejectedError):
    """The registrar refused us; `status` is the SIP status, 300 to 699."""


class CallEndedError(SoftphoneError):
    """The call is over, so what was asked for cannot happen any more."""


class CallCancelledError(CallEndedError):
    """The call was taken back before it was answered."""
