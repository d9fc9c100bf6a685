"""What the hearing benchmark has recognisers listen to, and what they made of it."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import measuring_data
from benchmarks.banking77 import LANGUAGE, Sentence, read_banking77, spread
from benchmarks.speech_material import Spoken
from ivr.steering.intents import OUT_OF_SCOPE
from ivr.steering.text import spoken_words
from training.number_words import numbers_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEED = 20
OWN_SENTENCES = Path("tests/asterisk/spoken")
RECORDED = "people"
NOISE_ALONE = "no voice"


class Condition(StrEnum):
    """How good the line is. Noise is this far below the speech (-26 dBov)."""

    CLEAN = "clean"
    NOISE_20_DB = "20 dB"
    NOISE_10_DB = "10 dB"

    @property
    def snr_db(self) -> float | None:
        """None without noise."""
        return None if self is Condition.CLEAN else float(self.value.split()[0])


class ModelName(StrEnum):
    """What was trained on: BANKING77's training part, or Sternik's own corpus."""

    BANKING77 = "BANKING77"
    SHIPPED = "shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One utterance for one model. `recording` is a file or, for noise alone, a noise's name.

    `words` is what should be heard, '' where nobody wrote it down; `intent` what is meant.
    """

    model: ModelName
    material: str
    voice: str
    condition: Condition
    text: str
    words: str
    intent: str
    recording: str = ""

    @property
    def in_scope(self) -> bool:
        """Whether a right answer would be to route."""
        return self.intent != OUT_OF_SCOPE

    @property
    def spoken(self) -> Spoken:
        """Who says what."""
        return Spoken(voice=self.voice, text=self.text or self.recording)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of a trial.

    `words` are without brackets; `probability` and `margin` are those of `best_intent` ('' when no
    words were heard). `badly_heard`: refused for the recogniser's own doubts, whatever the intent;
    `refused`: for whatever reason, the dialogue would not have routed. Times in seconds.
    """

    trial: Trial
    words: str
    best_intent: str
    probability: float
    margin: float
    badly_heard: bool
    refused: bool
    gated_seconds: float
    core_seconds: float
    final_seconds: float

    @property
    def intent_right(self) -> bool:
        """Whether the best intent is the one that was meant."""
        return self.best_intent == self.trial.intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much to measure. With `every_voice` each voice says each sentence, else one of them.

    `sentences` of BANKING77, `outside` of each kind out of scope, `own` of each file of ours.
    """

    sentences: int
    outside: int
    own: int
    every_voice: bool


def plan(folder: Path, voices: Sequence[str], amount: Amount) -> list[Trial]:
    """All trials that the data at hand allows; the same ones every time."""
    noises = bool(measuring_data.NOISES.paths(folder))
    conditions = tuple(c for c in Condition if noises or c is Condition.CLEAN)
    trials = [*_banking77(folder, voices, amount, conditions), *_own(voices, amount, conditions)]
    for model in dict.fromkeys(trial.model for trial in trials):
        trials += _outside(folder, model, voices, amount, conditions)
    return trials


def _banking77(
    folder: Path, voices: Sequence[str], amount: Amount, conditions: Sequence[Condition]
) -> Iterator[Trial]:
    paths = measuring_data.BANKING77_TEST.paths(folder)
    if not paths or not measuring_data.BANKING77_TRAIN.paths(folder):
        return
    chosen = spread(read_banking77(paths[0]), amount.sentences, seed=SEED)
    for number, sentence in enumerate(chosen):
        for voice in _speakers(voices, number, amount):
            for condition in conditions:
                yield _said(ModelName.BANKING77, "BANKING77 test", sentence, voice, condition)


def _own(voices: Sequence[str], amount: Amount, conditions: Sequence[Condition]) -> Iterator[Trial]:
    for path in sorted(OWN_SENTENCES.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))[: amount.own]
        for number, row in enumerate(rows):
            sentence = Sentence(text=row["text"], intent=row["intent"])
            outside = sentence.intent == OUT_OF_SCOPE
            material = "own out of scope" if outside else f"own {path.stem}"
            for voice in _speakers(voices, number, amount):
                for condition in conditions:
                    yield _said(ModelName.SHIPPED, material, sentence, voice, condition)


def _outside(
    folder: Path,
    model: ModelName,
    voices: Sequence[str],
    amount: Amount,
    conditions: Sequence[Condition],
) -> Iterator[Trial]:
    """What no queue exists for. Nobody wrote down the words of the coffee orders."""
    for number, sentence in enumerate(_smart_home(folder, amount.outside)):
        voice = voices[number % len(voices)]
        for condition in conditions:
            yield _said(model, "smart-home sentences", sentence, voice, condition)
    for path in measuring_data.COFFEE_ORDERS.paths(folder)[: amount.outside]:
        for condition in conditions:
            yield _recorded(model, "coffee orders", RECORDED, condition, str(path))
    for path in _every_kind(measuring_data.NOISES.paths(folder), amount.outside):
        for condition in conditions:
            if condition.snr_db is not None:
                yield _recorded(model, "noise alone", NOISE_ALONE, condition, path.stem)


def _every_kind(noises: Sequence[Path], count: int) -> Sequence[Path]:
    """At most `count`, the first clip of every kind before the second ones."""
    return sorted(noises, key=lambda path: (path.stem.rpartition("_")[2], path.stem))[:count]


def _smart_home(folder: Path, count: int) -> list[Sentence]:
    texts = []
    for path in measuring_data.SMART_HOME.paths(folder):
        rows = map(json.loads, path.read_text("utf-8").splitlines())
        texts += [numbers_in_words(row["text"]) for row in rows]
    sayable = {
        text for text in texts if not any(c.isdigit() for c in text) and len(text.split()) > 2
    }
    order = sorted(sayable)
    random.Random(SEED).shuffle(order)  # noqa: S311 (a sample)
    return [Sentence(text=text, intent=OUT_OF_SCOPE) for text in order[:count]]


def _speakers(voices: Sequence[str], number: int, amount: Amount) -> Sequence[str]:
    return voices if amount.every_voice else (voices[number % len(voices)],)


def _said(
    model: ModelName, material: str, sentence: Sentence, voice: str, condition: Condition
) -> Trial:
    return Trial(
        model=model,
        material=material,
        voice=voice,
        condition=condition,
        text=sentence.text,
        words=" ".join(spoken_words(sentence.text, LANGUAGE)),
        intent=sentence.intent,
    )


def _recorded(
    model: ModelName, material: str, voice: str, condition: Condition, recording: str
) -> Trial:
    return Trial(
        model=model,
        material=material,
        voice=voice,
        condition=condition,
        text="",
        words="",
        intent=OUT_OF_SCOPE,
        recording=recording,
    )
