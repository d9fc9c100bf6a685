"""Sentences that stand in a corpus more than once, or nearly: they flatter figures and teach nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from training.corpus_checks.findings import FindingKind, Findings, Sentence
from training.corpus_checks.near_duplicates import NEAR, find_near_pairs
from training.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHOWN_PLACES = 5


def check_duplicates(
    sentences: Sequence[Sentence],
    findings: Findings,
    *,
    near: float = NEAR,
    progress: Progress = silent,
) -> int:
    """Find the same and nearly the same sentences; gives how many rows have such a sentence beside them.

    `near` is a Jaccard similarity of letter trigrams (0.6..1).
    """
    by_words: defaultdict[str, list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        by_words[sentence.words].append(sentence)
    _check_same(by_words, findings)
    return _check_near(by_words, findings, near, progress)


def _check_same(by_words: Mapping[str, Sequence[Sentence]], findings: Findings) -> None:
    for words, same in by_words.items():
        if len(same) == 1:
            continue
        places = [sentence.where for sentence in same[:_SHOWN_PLACES]]
        intents = sorted({sentence.intent for sentence in same})
        if len(intents) > 1:
            findings.add(FindingKind.CONTRADICTION, f"“{words}”: {' or '.join(intents)}?", *places)
        elif len({sentence.held_out for sentence in same}) > 1:
            split = [
                next(sentence.where for sentence in same if sentence.held_out is held_out)
                for held_out in (False, True)
            ]
            findings.add(FindingKind.DUPLICATE_ACROSS_SPLITS, f"“{words}” ({intents[0]})", *split)
        else:
            message = f"“{words}” ({intents[0]}), {len(same)} times"
            findings.add(FindingKind.DUPLICATE, message, *places)


def _check_near(
    by_words: Mapping[str, Sequence[Sentence]],
    findings: Findings,
    near: float,
    progress: Progress,
) -> int:
    texts = list(by_words)
    pairs = find_near_pairs(texts, threshold=near, progress=progress)
    like = {text for text, same in by_words.items() if len(same) > 1}
    for first, second, similarity in zip(pairs.first, pairs.second, pairs.similarity, strict=True):
        one, other = by_words[texts[first]], by_words[texts[second]]
        like |= {texts[first], texts[second]}
        _tell_near(one, other, float(similarity), findings)
    return sum(len(by_words[text]) for text in like)


def _tell_near(
    one: Sequence[Sentence], other: Sequence[Sentence], similarity: float, findings: Findings
) -> None:
    first, second = one[0], other[0]
    said = f"“{first.words}” / “{second.words}” ({math.floor(similarity * 100)} % alike"
    if {sentence.held_out for sentence in one} != {sentence.held_out for sentence in other}:
        kind, intents = FindingKind.NEAR_ACROSS_SPLITS, f"{first.intent}, {second.intent}"
        if first.intent == second.intent:
            intents = first.intent
    elif first.intent != second.intent:
        kind, intents = FindingKind.NEAR_ACROSS_INTENTS, f"{first.intent} or {second.intent}?"
    else:
        kind, intents = FindingKind.NEAR, first.intent
    findings.add(kind, f"{said}, {intents})", first.where, second.where)
