"""What checks find: each thing with its place, and counts where there is too much to name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ivr.steering.intents import IntentId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.corpus import Utterance

MAX_KEPT: Final = 1000
"""Findings of one kind that are kept with their places; all are counted."""


class Severity(StrEnum):
    """Errors make `sternik corpus check` end with exit code 1; warnings do not."""

    ERROR = "error"
    WARNING = "warning"


class FindingKind(StrEnum):
    """What can be wrong, the gravest first; the value is the slug in JSON."""

    BAD_ROW = "bad_row"
    EMPTY = "empty"
    CONTRADICTION = "contradiction"
    PERSONAL_DATA = "personal_data"
    PERHAPS_PERSONAL_DATA = "perhaps_personal_data"
    DUPLICATE_ACROSS_SPLITS = "duplicate_across_splits"
    GROUP_ACROSS_SPLITS = "group_across_splits"
    ONE_INTENT = "one_intent"
    TOO_FEW = "too_few"
    FEW = "few"
    ONE_GROUP = "one_group"
    NEAR_ACROSS_SPLITS = "near_across_splits"
    NEAR_ACROSS_INTENTS = "near_across_intents"
    DUPLICATE = "duplicate"
    NEAR = "near"
    DOUBTFUL_LABEL = "doubtful_label"
    UNHEARD_WORD = "unheard_word"
    GUESSED_WORD = "guessed_word"

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return Severity.ERROR if self in _ERRORS else Severity.WARNING

    @property
    def meaning(self) -> str:
        """What it means, for people."""
        return _TITLES[self]


_TITLES: Final[Mapping[FindingKind, str]] = {
    FindingKind.BAD_ROW: "rows that cannot be read",
    FindingKind.EMPTY: "nothing to check",
    FindingKind.CONTRADICTION: "the same sentence under two intents",
    FindingKind.PERSONAL_DATA: "personal data",
    FindingKind.PERHAPS_PERSONAL_DATA: "numbers that may be personal data",
    FindingKind.DUPLICATE_ACROSS_SPLITS: "the same sentence in training and held out",
    FindingKind.GROUP_ACROSS_SPLITS: "the same speaker and session in training and held out",
    FindingKind.ONE_INTENT: "nothing to tell apart",
    FindingKind.TOO_FEW: "intents with too few sentences to train on",
    FindingKind.FEW: "intents with few sentences",
    FindingKind.ONE_GROUP: "intents that only one speaker has sentences for",
    FindingKind.NEAR_ACROSS_SPLITS: "nearly the same in training and held out",
    FindingKind.NEAR_ACROSS_INTENTS: "nearly the same under two intents",
    FindingKind.DUPLICATE: "sentences that stand there more than once",
    FindingKind.NEAR: "nearly the same within an intent",
    FindingKind.DOUBTFUL_LABEL: "labels that a model doubts",
    FindingKind.UNHEARD_WORD: "words that the recogniser cannot hear",
    FindingKind.GUESSED_WORD: "words whose pronunciation is a guess",
}
_ERRORS: Final = frozenset(
    {
        FindingKind.BAD_ROW,
        FindingKind.EMPTY,
        FindingKind.CONTRADICTION,
        FindingKind.PERSONAL_DATA,
        FindingKind.DUPLICATE_ACROSS_SPLITS,
        FindingKind.ONE_INTENT,
        FindingKind.TOO_FEW,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong; `where` are places (`file:line`), () where it is about the whole."""

    kind: FindingKind
    message: str
    where: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Findings:
    """Everything found in one language; of each kind the first 1,000 are kept, and all are counted."""

    kept: dict[FindingKind, list[Finding]] = field(default_factory=dict)
    counts: Counter[FindingKind] = field(default_factory=Counter)

    def add(self, kind: FindingKind, message: str, *where: str) -> None:
        """One more."""
        self.counts[kind] += 1
        kept = self.kept.setdefault(kind, [])
        if len(kept) < MAX_KEPT:
            kept.append(Finding(kind=kind, message=message, where=where))

    def of(self, severity: Severity) -> int:
        """How many there are of this severity."""
        return sum(count for kind, count in self.counts.items() if kind.severity is severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """An utterance with what is derived from it once: `words` is its normalised text."""

    utterance: Utterance
    words: str
    held_out: bool

    @property
    def intent(self) -> IntentId:
        """What the caller wants."""
        return self.utterance.intent

    @property
    def where(self) -> str:
        """`file:line`."""
        return self.utterance.where
