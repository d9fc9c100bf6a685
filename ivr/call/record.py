"""What is written down of one call. Keys with personal data begin with `pii_` (masked by the store)."""

from __future__ import annotations

from ivr.call.ears import Utterance
from ivr.ports import (
    CallEvent,
    CallJournal,
    EventKind,
    InteractionId,
    RecogniserDescription,
    WallClock,
)
from ivr.steering.dialogue_states import Decision
from ivr.steering.intents import Classification
from ivr.steering.routing import Destination
from ivr.steering.text import other_speech_share

_CANDIDATES_KEPT = 5


class CallRecord:
    """Records one interaction's events with their time."""

    def __init__(
        self, *, journal: CallJournal, interaction_id: InteractionId, now: WallClock
    ) -> None:
        self._journal = journal
        self._interaction_id = interaction_id
        self._now = now
        self._turn = 0

    def started(
        self,
        *,
        caller_number: str | None,
        called_number: str,
        channel: str,
        ears: RecogniserDescription,
        classifier: str,
        policy: str,
    ) -> None:
        """The call reached us."""
        self._record(
            EventKind.CALL_STARTED,
            pii_caller_number=caller_number,
            called_number=called_number,
            channel=channel,
            language=ears.language,
            engine=ears.engine,
            acoustic_model=ears.acoustic_model,
            language_model=ears.language_model,
            classifier=classifier,
            policy_version=policy,
        )

    def prompt_started(self, prompt: str) -> None:
        """A prompt has been queued for the caller."""
        self._record(EventKind.PROMPT_STARTED, prompt=prompt)

    def prompt_stopped(self, prompt: str, reason: str) -> None:
        """A prompt has been played to its end, or was stopped, and why."""
        self._record(EventKind.PROMPT_STOPPED, prompt=prompt, reason=reason)

    def speech_started(self) -> None:
        """The caller has the word."""
        self._record(EventKind.SPEECH_STARTED)

    def words_heard(self, words: str, classification: Classification | None) -> None:
        """The words of the running utterance have changed."""
        self._record(EventKind.WORDS_HEARD, pii_words=words, candidates=_candidates(classification))

    def utterance_ended(self, utterance: Utterance) -> None:
        """What the caller said, and how its end was found."""
        self._turn += 1
        self._record(
            EventKind.UTTERANCE_ENDED,
            turn=self._turn,
            pii_words=utterance.words,
            confidence=utterance.confidence,
            word_confidences=[round(value, 3) for value in utterance.word_confidences],
            other_speech=round(other_speech_share(utterance.words), 3),
            reason=str(utterance.endpoint.reason),
            silence_ms=utterance.endpoint.silence_ms,
            candidates=_candidates(utterance.classification),
        )

    def key_pressed(self, digit: str) -> None:
        """The caller pressed a key."""
        self._record(EventKind.KEY_PRESSED, digit=digit)

    def no_input(self) -> None:
        """The caller said nothing in time."""
        self._turn += 1
        self._record(EventKind.NO_INPUT, turn=self._turn)

    def recogniser_lost(self, problem: str) -> None:
        """The call goes on with keys, and why."""
        self._record(EventKind.RECOGNISER_LOST, problem=problem)

    def decided(self, decision: Decision) -> None:
        """A decision with all it rests on but the words, which are the turn's."""
        thresholds = decision.thresholds
        destination = decision.destination
        self._record(
            EventKind.DECISION_MADE,
            turn=self._turn,
            kind=str(decision.kind),
            intent=decision.intent,
            probability=decision.probability,
            thresholds={}
            if thresholds is None
            else {"probability": thresholds.probability, "margin": thresholds.margin},
            reasons=list(decision.reasons),
            queue=destination.queue if destination else None,
            priority=destination.priority if destination else None,
        )

    def steered(self, destination: Destination, intent: str | None) -> None:
        """The dialplan has been told where the call goes."""
        self._record(
            EventKind.CALL_STEERED,
            queue=destination.queue,
            priority=destination.priority,
            reasons=list(destination.reasons),
            intent=intent,
        )

    def ended(self, outcome: str) -> None:
        """Our part of the call is over: `steered`, `hung_up` or `failed`."""
        self._record(EventKind.STEERING_ENDED, outcome=outcome)

    def _record(self, event: EventKind, /, **data: object) -> None:
        self._journal.record(
            CallEvent(
                interaction_id=self._interaction_id, kind=event, at_seconds=self._now(), data=data
            )
        )


def _candidates(classification: Classification | None) -> list[dict[str, object]]:
    if classification is None:
        return []
    return [
        {"intent": candidate.intent, "probability": round(candidate.probability, 4)}
        for candidate in classification.candidates[:_CANDIDATES_KEPT]
    ]
