"""BANKING77 for measuring: its training part as a steering corpus, its test part as sentences."""

from __future__ import annotations

import csv
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.steering.text import spoken_words
from training.corpus import COLUMNS, MAX_WORDS
from training.number_words import numbers_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

LANGUAGE = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """What a customer typed, with numbers in words, and the intent it belongs to."""

    text: str
    intent: str

    @property
    def words(self) -> str:
        """What a recogniser should hear."""
        return " ".join(spoken_words(self.text, LANGUAGE))


def read_banking77(path: Path, *, longest_words: int = MAX_WORDS) -> list[Sentence]:
    """All sentences in the file's order; those too long are left out."""
    with path.open(encoding="utf-8", newline="") as file:
        sentences = [
            Sentence(text=_sayable(row["text"]), intent=_intent(row["category"]))
            for row in csv.DictReader(file)
        ]
    return [one for one in sentences if 0 < len(one.words.split()) <= longest_words]


def _sayable(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s'.,?!$£€%&:-]|_", " ", numbers_in_words(text)).split())


def _intent(category: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", category.lower()).strip("_")


def spread(sentences: Sequence[Sentence], count: int, *, seed: int) -> list[Sentence]:
    """`count` different sentences, as evenly over the intents as they allow; always the same ones.

    A smaller count gives the beginning of what a larger one gives.
    """
    by_intent: dict[str, list[Sentence]] = defaultdict(list)
    for one in sorted({one.words: one for one in sentences}.values(), key=lambda one: one.words):
        by_intent[one.intent].append(one)
    order = random.Random(seed)  # noqa: S311 (a sample)
    names = sorted(by_intent)
    order.shuffle(names)
    for name in names:
        order.shuffle(by_intent[name])
    rounds = range(max(map(len, by_intent.values()), default=0))
    turns = (
        by_intent[name][turn] for turn in rounds for name in names if turn < len(by_intent[name])
    )
    return [one for one, _ in zip(turns, range(count), strict=False)]


def write_corpus(sentences: Iterable[Sentence], own_corpus: Path, destination: Path) -> None:
    """A corpus file of `sentences` and of the out-of-scope rows of Sternik's own corpus.

    Sentences labelled twice keep their first label: a corpus may not contradict itself.
    """
    first = {one.words: one for one in reversed(list(sentences))}
    with own_corpus.open(encoding="utf-8", newline="") as file:
        outside = [row for row in csv.DictReader(file) if row["intent"] == "out_of_scope"]
    with destination.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for number, one in enumerate(reversed(first.values())):
            writer.writerow(
                {
                    "text": one.text,
                    "intent": one.intent,
                    "language": LANGUAGE,
                    "source": "banking77",
                    "session": "banking77",
                    "speaker": str(number),
                }
            )
        writer.writerows(row for row in outside if row["language"] == LANGUAGE)
