"""What training costs as a corpus grows: each size in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.banking77 import LANGUAGE, Sentence
from benchmarks.intent_material import read_material, utterances
from ivr.steering.text import normalise
from training.intent_trainer import TrainerSettings, train_intent_model
from training.noise import RecogniserNoise

_ERROR_RATE = 0.15
_SEED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one training took; the peak is that of its largest process (bytes)."""

    rows: int
    seconds: float
    core_seconds: float
    peak_bytes: int


def training_cost(data: Path, rows: int, settings: TrainerSettings) -> Cost:
    """Train on BANKING77's training part, grown to `rows` by garbled copies of it."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_cost, (data, rows, settings))


def _cost(data: Path, rows: int, settings: TrainerSettings) -> Cost:
    grown = utterances(_grown(read_material(data).train, rows))
    began = time.perf_counter()
    train_intent_model(grown, LANGUAGE, settings=settings)
    times = os.times()
    peaks = [
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return Cost(
        rows=len(grown),
        seconds=time.perf_counter() - began,
        core_seconds=times.user + times.system + times.children_user + times.children_system,
        peak_bytes=1024 * max(peaks),
    )


def _grown(sentences: tuple[Sentence, ...], rows: int) -> list[Sentence]:
    random = np.random.default_rng(_SEED)
    noise = RecogniserNoise(
        [normalise(one.text, LANGUAGE) for one in sentences], error_rate=_ERROR_RATE, random=random
    )
    grown = list(sentences[:rows])
    while len(grown) < rows:
        one = sentences[len(grown) % len(sentences)]
        text = noise.garbled(normalise(one.text, LANGUAGE))
        grown.append(Sentence(text=text, intent=one.intent))
    return grown
