"""What the intent benchmark trains on and asks: BANKING77's own split, noise, out of scope, few shots."""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import measuring_data
from benchmarks.banking77 import LANGUAGE, Sentence, read_banking77
from ivr.steering.intents import OUT_OF_SCOPE, IntentId
from ivr.steering.text import normalise
from training.corpus import Utterance
from training.noise import RecogniserNoise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OWN_CORPUS = Path("training/corpus/en.csv")
LONGEST_WORDS = 1_000
ERROR_RATE = 0.2
NOISE_SEED = 20
MATTERS_TESTED = 10
MATTERS_GIVEN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Training and test part, the test part with 20 % errors, and sentences no bank could want."""

    train: tuple[Sentence, ...]
    test: tuple[Sentence, ...]
    garbled_test: tuple[Sentence, ...]
    far: tuple[str, ...]
    own_out_of_scope: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeDraw:
    """One draw of intents that no queue exists for.

    `train` has the intents left, with out of scope as a class of `examples`; `inside` and `near` are
    test sentences of the intents left and of those held out.
    """

    examples: str
    train: tuple[Utterance, ...]
    inside: tuple[str, ...]
    near: tuple[str, ...]


def read_material(folder: Path) -> Material:
    """Read all of it; raises `FileNotFoundError` when BANKING77 is missing."""
    parts = []
    for data in (measuring_data.BANKING77_TRAIN, measuring_data.BANKING77_TEST):
        paths = data.paths(folder)
        if not paths:
            raise FileNotFoundError(measuring_data.remarks(folder, [data])[0])
        parts.append(tuple(read_banking77(paths[0], longest_words=LONGEST_WORDS)))
    train, test = parts
    noise = RecogniserNoise(
        [normalise(one.text, LANGUAGE) for one in train],
        error_rate=ERROR_RATE,
        random=np.random.default_rng(NOISE_SEED),
    )
    return Material(
        train=train,
        test=test,
        garbled_test=tuple(
            Sentence(text=noise.garbled(normalise(one.text, LANGUAGE)), intent=one.intent)
            for one in test
        ),
        far=_far(folder),
        own_out_of_scope=_own_out_of_scope(),
    )


def utterances(sentences: Iterable[Sentence]) -> tuple[Utterance, ...]:
    """Sentences as a corpus of as many speakers."""
    return tuple(_utterance(one.text, one.intent, row) for row, one in enumerate(sentences))


def few_shots(sentences: Sequence[Sentence], shots: int, seed: int) -> list[Sentence]:
    """`shots` sentences of each intent, drawn from a seed."""
    by_intent: dict[str, list[Sentence]] = defaultdict(list)
    for one in sentences:
        by_intent[one.intent].append(one)
    drawn = random.Random(seed)  # noqa: S311 (a sample)
    return [one for intent in sorted(by_intent) for one in drawn.sample(by_intent[intent], shots)]


def scope_draws(material: Material, seed: int) -> list[ScopeDraw]:
    """Hold ten intents out and train three times.

    Out of scope is taught by Sternik's own rows of things no bank does; by those and ten other bank
    matters; or by those, the ten and the training sentences of the very matters held out.
    """
    drawn = random.Random(seed)  # noqa: S311 (a sample)
    names = sorted({one.intent for one in material.train})
    drawn.shuffle(names)
    tested, given = set(names[:MATTERS_TESTED]), set(names[MATTERS_TESTED:][:MATTERS_GIVEN])
    out = tested | given
    left = [one for one in material.train if one.intent not in out]
    own = [Sentence(text=text, intent=OUT_OF_SCOPE) for text in material.own_out_of_scope]
    others = _as_out_of_scope(material.train, given)
    these = _as_out_of_scope(material.train, tested)
    taught = {
        "no bank matter": own,
        "10 other matters": own + others,
        "these matters too": own + others + these,
    }
    return [
        ScopeDraw(
            examples=examples,
            train=utterances([*left, *rows]),
            inside=tuple(one.text for one in material.test if one.intent not in out),
            near=tuple(one.text for one in material.test if one.intent in tested),
        )
        for examples, rows in taught.items()
    ]


def _as_out_of_scope(sentences: Iterable[Sentence], intents: set[str]) -> list[Sentence]:
    return [
        Sentence(text=one.text, intent=OUT_OF_SCOPE) for one in sentences if one.intent in intents
    ]


def _utterance(text: str, intent: str, row: int) -> Utterance:
    return Utterance(
        text=text,
        intent=IntentId(intent),
        language=LANGUAGE,
        source="banking77",
        session="banking77",
        speaker=str(row),
        where=f"banking77:{row}",
    )


def _far(folder: Path) -> tuple[str, ...]:
    texts = []
    for path in measuring_data.SMART_HOME.paths(folder):
        texts += [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines() if line]
    return tuple(dict.fromkeys(texts))


def _own_out_of_scope() -> tuple[str, ...]:
    with OWN_CORPUS.open(encoding="utf-8", newline="") as file:
        return tuple(
            row["text"]
            for row in csv.DictReader(file)
            if row["intent"] == OUT_OF_SCOPE and row["language"] == LANGUAGE
        )
