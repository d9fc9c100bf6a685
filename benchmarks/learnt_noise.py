"""Whether training with learnt confusions understands speech better than training with the rule.

    python -m benchmarks learnt_noise [--sentences 200] [--corpus training/corpus]

Held-out sentences, spoken by voices that nothing was learnt from, heard over a clean line and with real
noise by the language model of the whole training corpus. Two classifiers read the same words.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import binomtest

from benchmarks import measuring_data
from benchmarks.banking77 import LANGUAGE, Sentence, spread
from benchmarks.speech_material import Noises, SpeechCache, Spoken, gated, on_the_line
from ivr.models.intent_classifier import LinearIntentClassifier
from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder
from ivr.ports import GrammarName
from ivr.steering.text import normalise, spoken_words
from sternik.confusions.conditions import HELD_APART_VOICES
from training.alignment import word_errors
from training.build import build_ears
from training.confusions import heard_words, read_confusions
from training.corpus import read_corpus
from training.intent_trainer import TrainerSettings, train_intent_model
from training.sources import TrainingSources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.confusions import Confusions
    from training.corpus import Utterance

OWN_CORPUS = Path("training/corpus")
RESULTS = Path("var/benchmarks")
NOISE_DB = 20.0
SEEDS = (7, 8, 9)
SETTINGS = TrainerSettings(folds=2, penalties=(30.0,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One held-out sentence; `noise_db` is None on a clean line."""

    text: str
    intent: str
    voice: str
    noise_db: float | None
    words: str


def main(
    sentences: Annotated[int, typer.Option(min=1, help="How many held-out ones.")] = 200,
    corpus: Annotated[Path, typer.Option(exists=True, file_okay=False)] = OWN_CORPUS,
    confusions: Annotated[Path | None, typer.Option(exists=True, dir_okay=False)] = None,
    folder: Annotated[Path, typer.Option(help="Where speech and words are kept.")] = RESULTS,
    error_rate: Annotated[float, typer.Option(help="Of the noise in training.")] = (
        TrainerSettings().word_error_rate
    ),
) -> None:
    """Hear, train both ways with three seeds, and print the intents right."""
    console = Console(width=110, highlight=False)
    sources = TrainingSources.of_language(corpus, LANGUAGE)
    path = confusions or sources.confusions
    heard = _heard(sources, corpus / "held_out" / "en.csv", sentences, folder)
    if path is None:
        raise typer.BadParameter("no confusions yet: sternik confusions learn")
    utterances = read_corpus(sources.corpus, LANGUAGE)
    learnt = read_confusions(path, LANGUAGE)
    settings = replace(SETTINGS, word_error_rate=error_rate)
    rule_right, learnt_right = (
        np.array([_right(utterances, heard, settings, noise, seed) for seed in SEEDS])
        for noise in (None, learnt)
    )
    console.print(_table(heard, rule_right, learnt_right))
    better, worse = (int((learnt_right[0] != rule_right[0])[learnt_right[0] == right].sum())
                     for right in (True, False))  # fmt: skip
    chance = binomtest(better, better + worse).pvalue if better + worse else 1.0
    console.print(
        f"Seed {SEEDS[0]}: learnt right and rule wrong {better}, the other way {worse}, "
        f"exact McNemar p = {chance:.2f}"
    )


def _right(
    utterances: Sequence[Utterance],
    heard: Sequence[Heard],
    settings: TrainerSettings,
    noise: Confusions | None,
    seed: int,
) -> list[bool]:
    model = train_intent_model(
        utterances, LANGUAGE, settings=replace(settings, seed=seed), confusions=noise
    )
    classifier = LinearIntentClassifier(model.parameters, version="benchmark")
    return [classifier.classify(one.words).best.intent == one.intent for one in heard]


def _table(heard: Sequence[Heard], rule: np.ndarray, learnt: np.ndarray) -> Table:
    table = Table("line", "sentences", "words wrong", "rule", "learnt", "difference")
    lines: list[tuple[str, list[bool]]] = [
        ("clean", [one.noise_db is None for one in heard]),
        (f"noise {NOISE_DB:.0f} dB", [one.noise_db is not None for one in heard]),
        ("all", [True] * len(heard)),
    ]
    for name, flags in lines:
        chosen = np.array(flags)
        before, after = rule[:, chosen].mean(), learnt[:, chosen].mean()
        wrong = _word_error_rate([one for one, flag in zip(heard, flags, strict=True) if flag])
        shares = (f"{before:.1%}", f"{after:.1%}", f"{100 * (after - before):+.1f}")
        table.add_row(name, str(chosen.sum()), f"{wrong:.1%}", *shares)
    return table


def _word_error_rate(heard: Sequence[Heard]) -> float:
    said = [normalise(one.text, LANGUAGE).split() for one in heard]
    found = [heard_words(one.words, LANGUAGE) for one in heard]
    return sum(map(word_errors, said, found)) / max(sum(map(len, said)), 1)


def _heard(sources: TrainingSources, file: Path, count: int, folder: Path) -> list[Heard]:
    """What was heard; goes on from what an earlier run has left."""
    kept = folder / "learnt-noise.jsonl"
    lines = kept.read_text("utf-8").splitlines() if kept.exists() else []
    found = [Heard(**json.loads(line)) for line in lines[:count]]
    if len(found) == count:
        return found
    rows = read_corpus([file], LANGUAGE)
    chosen = spread([Sentence(text=row.text, intent=row.intent) for row in rows], count, seed=20)
    spoken = [
        Spoken(voice=HELD_APART_VOICES[number % 2], text=one.text)
        for number, one in enumerate(chosen)
    ]
    cache = SpeechCache(folder / "speech")
    cache.prepare(spoken, lambda _: None)
    decoder = _decoder(sources, folder / "ears")
    paths = measuring_data.NOISES.paths(measuring_data.data_folder())
    noises = Noises([path for path in paths if not path.stem.endswith("_1")])
    for number in track(range(len(found), count)):
        one, said = chosen[number], spoken[number]
        noise_db = NOISE_DB if number // 2 % 2 and paths else None
        line = _line(cache.pcm(said), noises, said, noise_db)
        decoder.reset(GrammarName.OPEN_QUESTION)
        for frame in gated(line):
            decoder.feed(frame)
        words = decoder.finish().text
        found.append(
            Heard(
                text=one.text, intent=one.intent, voice=said.voice, noise_db=noise_db, words=words
            )
        )
        with kept.open("a", encoding="utf-8") as lines_file:
            lines_file.write(json.dumps(asdict(found[-1])) + "\n")
    return found


def _line(pcm: bytes, noises: Noises, said: Spoken, noise_db: float | None) -> bytes:
    if noise_db is None:
        return on_the_line(pcm)
    name, first = noises.pick(said)
    return on_the_line(pcm, np.roll(noises.samples(name), -first), snr_db=noise_db)


def _decoder(sources: TrainingSources, folder: Path) -> PocketSphinxDecoder:
    folder.mkdir(parents=True, exist_ok=True)
    utterances = read_corpus(sources.corpus, LANGUAGE)
    sentences = [" ".join(spoken_words(one.text, LANGUAGE)) for one in utterances]
    build_ears(sentences, {}, LANGUAGE, folder, sources)
    return PocketSphinxDecoder(folder)
