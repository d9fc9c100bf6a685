"""A small SIP softphone whose timing can be trusted: for demonstrations, tests and load."""

from __future__ import annotations

from .call import Call, CallState, EndReason
from .digest_protocol import Credentials
from .errors import SoftphoneError
from .g711 import Codec
from .incoming_call import IncomingCall
from .pacer import Lateness
from .phone import Softphone
from .playback import Playback
from .recording import ReceivedDigit, ReceivedPacket, Recording
from .rtp_session import PressedDigit
from .sip_endpoint import SipTimers

__all__ = [
    "Call",
    "CallState",
    "Codec",
    "Credentials",
    "EndReason",
    "IncomingCall",
    "Lateness",
    "Playback",
    "PressedDigit",
    "ReceivedDigit",
    "ReceivedPacket",
    "Recording",
    "SipTimers",
    "Softphone",
    "SoftphoneError",
]
