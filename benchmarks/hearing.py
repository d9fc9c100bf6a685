"""Hearing: word errors, intents right and speech out of scope refused, by engine, voice and noise.

    python -m benchmarks hearing [--quick] [--engine pocketsphinx|vosk] [--model FOLDER]

BANKING77's test sentences, spoken by voices, go over an 8 kHz µ-law line (clean, real noise at 20 and at
10 dB), the voice gate and the decoder of a model that this very run trains on BANKING77's training
part. The same for Sternik's own model and sentences. Beside it, what no queue exists for.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from benchmarks import hearing_report, measuring_data
from benchmarks.banking77 import LANGUAGE, read_banking77, write_corpus
from benchmarks.hearing_engines import Engine
from benchmarks.hearing_listener import Listener, Setting
from benchmarks.hearing_trials import NOISE_ALONE, RECORDED, Amount, Heard, ModelName, Trial, plan
from benchmarks.machine import describe_machine
from benchmarks.speech_material import SpeechCache, available_voices
from training.build import build_artefact, needs_training
from training.intent_trainer import TrainerSettings
from training.sources import TrainingSources

RESULTS = Path("var/benchmarks")
OWN_CORPUS = Path("training/corpus")
WHOLE = Amount(sentences=300, outside=100, own=100, every_voice=False)
QUICK = Amount(sentences=60, outside=15, own=15, every_voice=False)
# BANKING77 is ten times our corpus: not all that the trainer tries by default is worth the minutes.
WHOLE_TRAINING = TrainerSettings(folds=2, penalties=(0.3,), garbled_copies=1)
QUICK_TRAINING = TrainerSettings(folds=2, penalties=(0.3,), garbled_copies=0)
# The first clip of each kind of noise is for tuning.
TUNING_NOISE = "_1"

_listeners: list[Listener] = []


def main(
    *,
    quick: Annotated[bool, typer.Option(help="60 sentences instead of 300.")] = False,
    every_voice: Annotated[
        bool, typer.Option(help="Every sentence by every voice, not by one of them.")
    ] = False,
    engine: Annotated[Engine, typer.Option(help="Who listens.")] = Engine.POCKETSPHINX,
    model: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder of a Vosk model.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where results and speech are kept.")] = RESULTS,
    processes: Annotated[int, typer.Option(min=1, help="How many decode at once.")] = (
        os.cpu_count() or 1
    ),
) -> None:
    """Train, have everything spoken and heard, print the table, write JSON and pictures."""
    if (engine is Engine.VOSK) != (model is not None):
        raise typer.BadParameter(
            "--engine vosk needs --model FOLDER, and no other engine takes one"
        )
    console = Console(width=130, highlight=False)
    console.print(f"Hearing with {engine} on {describe_machine()}")
    data = measuring_data.data_folder()
    for remark in measuring_data.remarks(data):
        console.print(remark, style="yellow", soft_wrap=True)
    amount = replace(QUICK if quick else WHOLE, every_voice=every_voice)
    trials = plan(data, available_voices(), amount)
    if not trials:
        raise typer.BadParameter("no voices: run `make setup`, which installs Flite and Piper")
    noises = measuring_data.NOISES.paths(data)
    setting = Setting(
        engine=engine,
        speech_model=model,
        models=_trained(trials, data, folder, quick=quick),
        speech=folder / "speech",
        noises=noises,
        test_noises=[path for path in noises if not path.stem.endswith(TUNING_NOISE)],
    )
    heard = listen(trials, setting, processes)
    console.print(hearing_report.table(heard))
    console.print(hearing_report.threshold_table(heard))
    name = f"hearing-{engine}{'-quick' if quick else ''}"
    _save(heard, folder / f"{name}.json")
    hearing_report.draw(heard, folder / f"{name}.svg")
    console.print(f"Every utterance is in {folder / name}.json, a picture in {folder / name}.svg")


def listen(trials: Sequence[Trial], setting: Setting, processes: int) -> list[Heard]:
    """Have all trials spoken and heard, in order; decodes in several processes."""
    spoken = [trial.spoken for trial in trials if trial.voice not in {RECORDED, NOISE_ALONE}]
    with Progress() as progress:
        speaking = progress.add_task("speaking", total=len(set(spoken)))
        cache = SpeechCache(setting.speech)
        cache.prepare(spoken, lambda done: progress.advance(speaking, done))
        with ProcessPoolExecutor(processes, initializer=_start, initargs=(setting,)) as pool:
            return list(
                progress.track(
                    pool.map(_hear, trials, chunksize=8), len(trials), description="hearing"
                )
            )


def _start(setting: Setting) -> None:
    _listeners[:] = [Listener(setting)]


def _hear(trial: Trial) -> Heard:
    return _listeners[0].hear(trial)


def _trained(
    trials: Iterable[Trial], data: Path, folder: Path, *, quick: bool
) -> dict[ModelName, Path]:
    """The roots of the models that the trials need, trained where they are not of today's sources."""
    names = dict.fromkeys(trial.model for trial in trials)
    roots = {}
    with tempfile.TemporaryDirectory(prefix="sternik-corpus-") as name, Progress() as progress:
        for model in names:
            root = folder / "models" / f"{model.lower()}{'-quick' if quick else ''}"
            if model is ModelName.BANKING77:
                sources = _banking77_sources(data, Path(name))
                settings: TrainerSettings | None = QUICK_TRAINING if quick else WHOLE_TRAINING
            else:
                sources, settings = TrainingSources.of_language(OWN_CORPUS, LANGUAGE), None
            if needs_training(root, LANGUAGE, sources):
                task = progress.add_task(f"training on {model}", total=1.0)
                root.mkdir(parents=True, exist_ok=True)
                build_artefact(
                    sources=sources,
                    language=LANGUAGE,
                    root=root,
                    settings=settings,
                    progress=lambda _, share, task=task: progress.update(task, completed=share),
                    promote=True,
                )
            roots[model] = root
    return roots


def _banking77_sources(data: Path, folder: Path) -> TrainingSources:
    own = TrainingSources.of_language(OWN_CORPUS, LANGUAGE)
    corpus = folder / "banking77.csv"
    (train,) = measuring_data.BANKING77_TRAIN.paths(data)
    write_corpus(read_banking77(train), OWN_CORPUS / "en.csv", corpus)
    return TrainingSources(corpus=(corpus,), dictionary=own.dictionary, grammars=own.grammars)


def _save(heard: Sequence[Heard], path: Path) -> None:
    document = {
        "machine": describe_machine(),
        "figures": hearing_report.figures_by_group(heard),
        "utterances": [asdict(one) for one in heard],
    }
    path.write_text(json.dumps(document, indent=1), "utf-8")
