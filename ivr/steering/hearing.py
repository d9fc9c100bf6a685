"""How well an utterance was heard, apart from what it means."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.steering.policy import HearingLimits
from ivr.steering.text import is_other_speech, other_speech_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What the recogniser says of its own words.

    `other_speech` is the share (0..1) of words outside what the grammar expects. `confidence` is the
    mean (0..1) over all words, where other speech counts as 0; None where the recogniser has none.
    """

    other_speech: float = 0.0
    confidence: float | None = None


def hearing_of(words: str, word_confidences: tuple[float, ...] = ()) -> Hearing:
    """How `words` were heard; confidences that don't match the words are not used."""
    split = words.split()
    if not split or len(split) != len(word_confidences):
        return Hearing(other_speech=other_speech_share(words))
    pairs = zip(split, word_confidences, strict=True)
    known = sum(confidence for word, confidence in pairs if not is_other_speech(word))
    return Hearing(other_speech=other_speech_share(words), confidence=known / len(split))


def faults(hearing: Hearing, limits: HearingLimits) -> tuple[str, ...]:
    """Why the words must not be acted on, in sentences without any of them; () when they may."""
    found: list[str] = []
    if hearing.other_speech > limits.other_speech:
        found.append(
            f"{hearing.other_speech:.0%} of the words were other speech, "
            f"more than {limits.other_speech:.0%}"
        )
    if hearing.confidence is not None and hearing.confidence < limits.confidence:
        found.append(
            f"words heard with confidence {hearing.confidence:.3f} < {limits.confidence:.2f}"
        )
    return tuple(found)
