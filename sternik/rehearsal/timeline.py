"""A call's events as lines that a person watches go by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.text import Text

from ivr.ports import EventKind
from ivr.store.records import StoredEvent

Line = tuple[str, str, str]  # who, what, style
_Data = Mapping[str, Any]


def render(event: StoredEvent, *, since_seconds: float) -> Text | None:
    """One line for an event, with seconds since the call began; None for what is not worth one."""
    tell = _TELLERS.get(event.kind)
    line = tell(event.data) if tell else None
    return None if line is None else render_line(event.at_seconds - since_seconds, *line)


def render_line(at_seconds: float, who: str, what: str, style: str = "") -> Text:
    """A line of the timeline."""
    text = Text(f"{at_seconds:7.2f} s  ", style="dim")
    text.append(f"{who:<10}", style="bold")
    text.append(what, style=style)
    return text


def _candidates(data: _Data, most: int) -> str:
    return "  ".join(
        f"{candidate['intent']} {candidate['probability']:.2f}"
        for candidate in data.get("candidates", ())[:most]
    )


def _started(data: _Data) -> Line:
    return (
        "steering",
        f"{data['channel']}, heard by {data['engine']} ({data['language_model']})",
        "",
    )


def _prompt_started(data: _Data) -> Line:
    return "prompt", str(data["prompt"]), "cyan"


def _prompt_stopped(data: _Data) -> Line | None:
    if data["reason"] == "finished":
        return None
    return "prompt", f"{data['prompt']} stopped: {data['reason']}", "cyan"


def _words_heard(data: _Data) -> Line | None:
    if not data["pii_words"]:
        return None
    return "words", f"{data['pii_words']:<46}  {_candidates(data, 1)}", "green"


def _utterance_ended(data: _Data) -> Line:
    what = data["pii_words"] or "(no words)"
    return (
        "heard",
        f"“{what}”  {_candidates(data, 3)}  [{data['reason']}, {data['silence_ms']} ms silence]",
        "bold green",
    )


def _key_pressed(data: _Data) -> Line:
    return "key", str(data["digit"]), "green"


def _no_input(_: _Data) -> Line:
    return "heard", "nothing", "yellow"


def _recogniser_lost(data: _Data) -> Line:
    return "ears", f"lost: {data['problem']}", "red"


def _decided(data: _Data) -> Line:
    what = data["queue"] or data["kind"]
    return "decision", f"{what} — because {'; '.join(data['reasons'])}", "bold magenta"


def _steered(data: _Data) -> Line:
    return "steered", f"to queue {data['queue']}, priority {data['priority']}", "magenta"


def _steering_ended(data: _Data) -> Line | None:
    outcome = data["outcome"]
    return None if outcome == "steered" else ("steering", f"ended: {outcome}", "yellow")


def _queue_joined(data: _Data) -> Line:
    return "queue", f"waits in {data['queue']}, position {data['position']}", "blue"


def _queue_left(data: _Data) -> Line:
    return "queue", f"left {data['queue']}: {data['reason']}", "yellow"


def _agent_connected(data: _Data) -> Line:
    what = f"{data['agent']} answers from {data['queue']} after {data['wait_seconds']} s"
    return "agent", what, "bold blue"


def _ended(data: _Data) -> Line:
    return "call", f"ended: {data['cause']}", ""


_TELLERS: Mapping[str, Callable[[_Data], Line | None]] = {
    EventKind.CALL_STARTED: _started,
    EventKind.PROMPT_STARTED: _prompt_started,
    EventKind.PROMPT_STOPPED: _prompt_stopped,
    EventKind.WORDS_HEARD: _words_heard,
    EventKind.UTTERANCE_ENDED: _utterance_ended,
    EventKind.KEY_PRESSED: _key_pressed,
    EventKind.NO_INPUT: _no_input,
    EventKind.RECOGNISER_LOST: _recogniser_lost,
    EventKind.DECISION_MADE: _decided,
    EventKind.CALL_STEERED: _steered,
    EventKind.STEERING_ENDED: _steering_ended,
    EventKind.QUEUE_JOINED: _queue_joined,
    EventKind.QUEUE_LEFT: _queue_left,
    EventKind.AGENT_CONNECTED: _agent_connected,
    EventKind.CALL_ENDED: _ended,
}
