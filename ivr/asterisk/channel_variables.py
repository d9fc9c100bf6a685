"""Every channel variable that Sternik and its dialplan share, and who sets it."""

from __future__ import annotations

# Set by the dialplan, inherited by all legs, and carried by AMI events (`channelvars`).
INTERACTION = "STERNIK_ID"

# Set by a finished steering, in this order. The dialplan trusts the last one only.
QUEUE = "STERNIK_QUEUE"
PRIORITY = "STERNIK_PRIORITY"
INTENT = "STERNIK_INTENT"
STEERED = "STERNIK_STEERED"
STEERED_YES = "yes"
