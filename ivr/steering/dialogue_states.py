"""The words of the dialogue: its states, the events it is told, the actions it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ivr.steering.intents import Classification, IntentId
from ivr.steering.policy import PolicyVersion, PromptName, Thresholds
from ivr.steering.routing import Destination

# --- States -----------------------------------------------------------------------------------


class Stage(StrEnum):
    """Where a question stands: its prompt plays, silence is timed, or the caller talks."""

    PROMPTING = "prompting"
    WAITING = "waiting"
    SPEAKING = "speaking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The open question; the counters say how often silence or unclear words have answered it."""

    stage: Stage = Stage.PROMPTING
    no_input: int = 0
    no_match: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """The key menu (never `SPEAKING`); `misses` counts wrong keys and silences."""

    stage: Stage = Stage.PROMPTING
    misses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandingOver:
    """Decided; the caller hears who takes the call."""

    destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Handed over: nothing happens any more."""

    destination: Destination


State = Asking | Menu | HandingOver | Finished

# --- Events -----------------------------------------------------------------------------------


class Timer(StrEnum):
    """The dialogue's timers; never two at once."""

    NO_INPUT = "no_input"
    MENU = "menu"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFinished:
    """All prompts of the last `PlayPrompt` were played to their end, or are missing.

    Never sent for prompts that were stopped or replaced.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted:
    """The caller talks: in the silence after a prompt, or so that barge-in stopped the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseStart:
    """What began with `SpeechStarted` was a cough or a click, not an utterance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceEnded:
    """The caller has finished. `words` is '' for a voice without words.

    `classification` is that of `words`; None when there are no words or no classifier answered.
    `word_confidences` (0..1) has one for each word, or none.
    """

    words: str = field(repr=False)
    classification: Classification | None
    word_confidences: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed:
    """One of 0-9, *, #, A-D."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerExpired:
    """A timer ran out. One that was cancelled at that very moment may still arrive."""

    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniserUnavailable:
    """The recogniser is lost or has no room: this call goes on with keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimitReached:
    """`steering_limit_seconds` have passed since the answer: hand over now."""


Event = (
    PromptFinished
    | SpeechStarted
    | FalseStart
    | UtteranceEnded
    | KeyPressed
    | TimerExpired
    | RecogniserUnavailable
    | TimeLimitReached
)

# --- Actions ----------------------------------------------------------------------------------


class DecisionKind(StrEnum):
    """What was decided. The value is stored."""

    ROUTE_BY_SPEECH = "route.speech"
    ROUTE_BY_KEY = "route.key"
    ROUTE_BY_DEFAULT = "route.default"
    ASK_AGAIN = "ask_again"
    OFFER_KEYS = "offer_keys"
    REPEAT_MENU = "repeat_menu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided and why: the record an auditor reads.

    `reasons` are sentences without personal data. What the caller said is in `words` alone and must
    be masked before it is stored. `classification`, `intent` and `thresholds` are None where no
    speech was judged; `destination` is None where the call was not routed.
    """

    kind: DecisionKind
    reasons: tuple[str, ...]
    policy_version: PolicyVersion
    intent: IntentId | None = None
    classification: Classification | None = None
    thresholds: Thresholds | None = None
    destination: Destination | None = None
    words: str = field(default="", repr=False)

    @property
    def probability(self) -> float | None:
        """That of the best candidate (0..1), or None where no speech was judged."""
        return None if self.classification is None else self.classification.best.probability


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayPrompt:
    """Play these one after the other. Keys always work; speech counts only if `interruptible`."""

    prompts: tuple[PromptName, ...]
    interruptible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPrompt:
    """Silence at once; harmless when barge-in has stopped the prompt already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTimer:
    """Send `TimerExpired(timer)` after `seconds` unless cancelled."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer:
    """Forget this timer; harmless when it has just expired."""

    timer: Timer


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """A new utterance begins here: forget what was heard before and send what follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopListening:
    """Speech does not count any more; the recogniser may go back to its pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Record this decision."""

    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """The last action of every dialogue, once: give the call to its destination."""

    destination: Destination


Action = (
    PlayPrompt | StopPrompt | StartTimer | CancelTimer | Listen | StopListening | Decide | HandOver
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the dialogue: the state after it, and what to do, in this order."""

    state: State
    actions: tuple[Action, ...] = ()
