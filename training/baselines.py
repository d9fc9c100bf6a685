"""What could be had without a model: always the most frequent intent, and three keywords an intent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.steering.intents import IntentId

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYWORDS = 3
_LEAST_USES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Baselines:
    """The most frequent intent, and the words (up to three an intent) that speak for each intent."""

    majority: IntentId
    keywords: Mapping[IntentId, tuple[str, ...]]

    def by_keyword(self, text: str) -> IntentId:
        """The intent with most keywords in a normalised text; the majority's when it has none."""
        words = set(text.split())
        hits = {
            intent: len(words.intersection(keywords)) for intent, keywords in self.keywords.items()
        }
        best = max(hits, key=lambda intent: hits[intent], default=self.majority)
        return best if hits.get(best) else self.majority


def find_baselines(texts: Sequence[str], intents: Sequence[IntentId]) -> Baselines:
    """Learn both from normalised texts.

    An intent's keywords are those with the largest product of uses in it and share of all uses, used
    in at least three of its sentences.
    """
    everywhere: Counter[str] = Counter()
    within: defaultdict[IntentId, Counter[str]] = defaultdict(Counter)
    for text, intent in zip(texts, intents, strict=True):
        words = set(text.split())
        everywhere.update(words)
        within[intent].update(words)
    return Baselines(
        majority=max(sorted(within), key=Counter(intents).__getitem__),
        keywords={
            intent: tuple(
                sorted(
                    (word for word, uses in counts.items() if uses >= _LEAST_USES),
                    key=lambda word: (-(counts[word] ** 2) / everywhere[word], word),
                )[:KEYWORDS]
            )
            for intent, counts in sorted(within.items())
        },
    )
