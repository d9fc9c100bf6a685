from __future__ import annotations

import pytest

from ivr.asterisk.ami_events import read_event
from ivr.ports import EventKind

OURS = {"ChanVariable": "STERNIK_ID=call-1"}
JOINED = {"Event": "QueueCallerJoin", "Queue": "cards", "Position": "2"} | OURS
ABANDONED = {"Event": "QueueCallerAbandon", "Queue": "cards", "HoldTime": "3"} | OURS
ANSWERED = {"Event": "AgentConnect", "Queue": "cards", "MemberName": "Ola", "HoldTime": "3"} | OURS
HUNG_UP = {
    "Event": "Hangup",
    "Uniqueid": "1.1",
    "Linkedid": "1.1",
    "Cause": "16",
    "Cause-txt": "Normal Clearing",
} | OURS


@pytest.mark.parametrize(
    ("message", "kind", "data"),
    [
        (JOINED, EventKind.QUEUE_JOINED, {"queue": "cards", "position": 2}),
        (ABANDONED, EventKind.QUEUE_LEFT, {"queue": "cards", "reason": "abandoned"}),
        (
            ANSWERED,
            EventKind.AGENT_CONNECTED,
            {"queue": "cards", "agent": "Ola", "wait_seconds": 3},
        ),
        (HUNG_UP, EventKind.CALL_ENDED, {"cause": "Normal Clearing", "cause_code": 16}),
        (
            JOINED | {"ChanVariable": ["OTHER=1", "STERNIK_ID=call-1"]},
            EventKind.QUEUE_JOINED,
            {"queue": "cards", "position": 2},
        ),
    ],
)
def test_what_asterisk_reports_of_a_call(
    message: dict[str, str], kind: EventKind, data: dict[str, object]
) -> None:
    event = read_event(message, at_seconds=7.0)
    assert event is not None
    assert (event.interaction_id, event.kind, event.data) == ("call-1", kind, data)
    assert event.at_seconds == 7.0


@pytest.mark.parametrize(
    "message",
    [
        {},
        JOINED | {"Event": "QueueCallerLeave"},
        JOINED | {"ChanVariable": ""},
        JOINED | {"ChanVariable": "STERNIK_ID="},
        JOINED | {"ChanVariable": "OTHER=call-1"},
        HUNG_UP | {"Uniqueid": "1.2"},  # an agent's channel; the caller may go on
    ],
)
def test_what_belongs_to_no_call_of_ours_is_left_out(message: dict[str, str]) -> None:
    assert read_event(message, at_seconds=7.0) is None


@pytest.mark.parametrize(
    "message",
    [
        {"Event": "QueueCallerJoin"} | OURS,
        JOINED | {"Position": "first"},
        JOINED | {"Position": ["1", "2"]},
        HUNG_UP | {"Cause": ""},
    ],
)
def test_a_report_without_what_it_should_hold_is_an_error(message: dict[str, str]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        read_event(message, at_seconds=7.0)
