"""A trigram language model of the corpus, in the ARPA format that PocketSphinx reads.

Interpolated Kneser-Ney smoothing with one discount an order (Chen and Goodman 1999, "An empirical
study of smoothing techniques for language modeling"). PocketSphinx's own `ArpaBoLM` takes half of
every count away and leaves the unigrams summing to one half, which costs a small corpus dearly.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from ivr.errors import ModelUnusableError
from training.backoff_model import SENTENCE_START, BackoffModel, Gram, write_arpa
from training.other_speech import with_other_speech

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from training.other_speech import OtherSpeech

ORDER = 3
SENTENCE_END = "</s>"
FALLBACK_DISCOUNT = 0.5

Counts = Counter[Gram]


def build_language_model(
    sentences: Iterable[str],
    vocabulary: Collection[str],
    destination: Path,
    other_speech: OtherSpeech | None = None,
) -> None:
    """Write the ARPA model of normalised `sentences` to `destination` (replaced in one step).

    Words outside `vocabulary` (those without a pronunciation) interrupt a sentence: no n-gram spans
    them. Words of `vocabulary` that no sentence holds get what smoothing leaves. With
    `other_speech` there is a way out of the corpus. Raises `ModelUnusableError` when nothing is left
    to count.
    """
    known = frozenset(vocabulary) - {SENTENCE_START, SENTENCE_END}
    counts = _count(sentences, known | {SENTENCE_START, SENTENCE_END})
    if not known or not any(gram[0] in known for gram in counts[0]):
        raise ModelUnusableError(
            "no sentence holds a word with a known pronunciation: "
            "check the corpus and its pronunciation dictionary"
        )
    model = estimate(counts, known)
    write_arpa(with_other_speech(model, other_speech) if other_speech else model, destination)


def estimate(counts: tuple[Counts, ...], known: frozenset[str]) -> BackoffModel:
    """Smoothed model of n-gram `counts` (orders 1 to 3) over the words `known` and the end."""
    lower: dict[Gram, float] = {(): 1.0 / (len(known) + 1)}
    probabilities: list[dict[Gram, float]] = []
    backoffs: dict[Gram, float] = {}
    for order in range(1, ORDER + 1):
        smoothed, kept = _smooth(_kneser_ney_counts(counts, order), lower)
        if order == 1:
            smoothed |= {(word,): kept[()] * lower[()] for word in known if (word,) not in smoothed}
        else:
            backoffs |= kept
        probabilities.append(smoothed)
        lower = smoothed
    return BackoffModel(
        log10_probabilities=tuple(
            {gram: math.log10(value) for gram, value in level.items()} for level in probabilities
        ),
        log10_backoffs={gram: math.log10(value) for gram, value in backoffs.items()},
    )


def _count(sentences: Iterable[str], allowed: frozenset[str]) -> tuple[Counts, ...]:
    counts: tuple[Counts, ...] = tuple(Counter() for _ in range(ORDER))
    for sentence in sentences:
        for run in _runs((SENTENCE_START, *sentence.split(), SENTENCE_END), allowed):
            for order, level in enumerate(counts, start=1):
                level.update(zip(*(run[start:] for start in range(order)), strict=False))
    return counts


def _runs(words: Iterable[str], allowed: frozenset[str]) -> Iterator[list[str]]:
    run: list[str] = []
    for word in words:
        if word in allowed:
            run.append(word)
        else:
            yield run
            run = []
    yield run


def _kneser_ney_counts(counts: tuple[Counts, ...], order: int) -> Counts:
    """Real counts of the highest order and after a sentence's start, else distinct predecessors."""
    own = Counter({gram: n for gram, n in counts[order - 1].items() if gram[-1] != SENTENCE_START})
    if order == ORDER:
        return own
    predecessors = Counter(gram[1:] for gram in counts[order])
    # A gram that only follows a dropped word has no predecessor, yet it was seen.
    return Counter(
        {
            gram: n if gram[0] == SENTENCE_START else max(predecessors[gram], 1)
            for gram, n in own.items()
        }
    )


def _smooth(
    counts: Counts, lower: Mapping[Gram, float]
) -> tuple[dict[Gram, float], dict[Gram, float]]:
    """Probabilities of the seen n-grams and the mass that each context leaves to `lower`."""
    discount = _discount(counts)
    totals: Counter[Gram] = Counter()
    kinds: dict[Gram, int] = defaultdict(int)
    for gram, n in counts.items():
        totals[gram[:-1]] += n
        kinds[gram[:-1]] += 1
    left = {context: discount * kinds[context] / total for context, total in totals.items()}
    smoothed = {
        gram: (n - discount) / totals[gram[:-1]]
        + left[gram[:-1]] * lower[gram[1:] if len(gram) > 1 else ()]
        for gram, n in counts.items()
    }
    return smoothed, left


def _discount(counts: Counts) -> float:
    once = sum(1 for n in counts.values() if n == 1)
    twice = sum(1 for n in counts.values() if n == 2)  # noqa: PLR2004 (the formula's own number)
    return once / (once + 2 * twice) if once and twice else FALLBACK_DISCOUNT
