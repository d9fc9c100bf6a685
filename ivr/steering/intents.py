"""Intents and what a classifier says of an utterance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

IntentId = NewType("IntentId", str)

OUT_OF_SCOPE = IntentId("out_of_scope")
CONSULTANT = IntentId("consultant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One intent with its calibrated probability (0..1)."""

    intent: IntentId
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """All intents of a model for one text, most probable first; probabilities sum to 1.

    `model_version` names the artefact that said so. `candidates` is never empty.
    """

    candidates: tuple[Candidate, ...]
    model_version: str

    @property
    def best(self) -> Candidate:
        """The most probable candidate."""
        return self.candidates[0]

    @property
    def margin(self) -> float:
        """Distance (0..1) between the two most probable candidates."""
        second = self.candidates[1].probability if self.candidates[1:] else 0.0
        return self.best.probability - second
