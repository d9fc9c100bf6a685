"""How varied a corpus is, in a few figures."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from ivr.steering.intents import IntentId
from ivr.steering.text import spoken_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.corpus_checks.findings import Sentence

_HESITATION: Final = re.compile(
    r"u+h+m*|u+m+|e+r+m*|e{2,}m*|e+m+|e*h+e*m+|y{2,}|y+h*m+|h*m{2,}|hm+|mhm+|aha+"
)
_SHORT_WORDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusHealth:
    """Figures of one language; shares are 0..1.

    `rows_by_intent` has training and held-out rows of each. `distinct_trigrams` is the share of word
    trigrams that differ from all others: near 1 where nothing was made from templates.
    `near_duplicates` counts rows that have the same or nearly the same sentence beside them.
    """

    language: str
    rows: int
    held_out_rows: int
    weight: float
    rows_by_intent: Mapping[IntentId, tuple[int, int]]
    sessions: int
    speakers: int
    median_words: float
    short_share: float
    distinct_words: int
    distinct_trigrams: float
    near_duplicates: int
    with_hesitation: float


def corpus_health(
    sentences: Sequence[Sentence], language: str, near_duplicates: int
) -> CorpusHealth:
    """Count; `sentences` has at least one."""
    training = Counter(one.intent for one in sentences if not one.held_out)
    held_out = Counter(one.intent for one in sentences if one.held_out)
    said = [spoken_words(one.utterance.text, language) for one in sentences]
    trigrams = Counter(
        words[start : start + 3] for words in said for start in range(len(words) - 2)
    )
    speakers = {one.utterance.group for one in sentences if one.utterance.speaker}
    return CorpusHealth(
        language=language,
        rows=len(sentences),
        held_out_rows=held_out.total(),
        weight=sum(one.utterance.weight for one in sentences if not one.held_out),
        rows_by_intent={
            intent: (training[intent], held_out[intent])
            for intent in sorted(training.keys() | held_out.keys())
        },
        sessions=len({one.utterance.session for one in sentences if one.utterance.session}),
        speakers=len(speakers),
        median_words=median(map(len, said)),
        short_share=sum(len(words) <= _SHORT_WORDS for words in said) / len(said),
        distinct_words=len({word for words in said for word in words}),
        distinct_trigrams=len(trigrams) / trigrams.total() if trigrams else 1.0,
        near_duplicates=near_duplicates,
        with_hesitation=sum(any(map(is_hesitation, words)) for words in said) / len(said),
    )


def is_hesitation(word: str) -> bool:
    """Whether a word is a sound of hesitating: um, er, hmm; yyy, eee, yhm."""
    return _HESITATION.fullmatch(word) is not None
