"""What a person reads before a model answers calls: values, their JSON, and how they are made."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.comparison import Comparison
from training.costs import Costs
from training.measures import SetFigures
from training.thresholds import ThresholdTable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from training.predictions import Classifier

LATENCY_SENTENCES = 300
_WARM_UP = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long one classification took in this process, over `count` of them, in milliseconds.

    `p50_ms` and `p95_ms` by the clock, `core_p95_ms` of the core's time: what other programs on a busy
    machine do is in the first two only.
    """

    count: int
    p50_ms: float
    p95_ms: float
    core_p95_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What the model is; sizes are those of the files that it is loaded from, 0 when not yet written.

    `version` is '' where none exists yet: the report belongs to what it hashes.
    """

    version: str
    language: str
    created: str
    intents: int
    training_sentences: int
    classifier_bytes: int
    artefact_bytes: int
    latency: Latency | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """Figures of one model; `sets` the most telling first. `policy` names the thresholds in force.

    `comparisons` are with the model in service, one a set. `remarks` are what to know first.
    """

    model: ModelFacts
    method: str
    policy: str
    in_force: ThresholdTable | None
    chosen: ThresholdTable | None
    costs: Costs
    sets: tuple[SetFigures, ...]
    comparisons: tuple[Comparison, ...]
    remarks: tuple[str, ...]


def report_json(report: ModelReport) -> str:
    """Write a report as JSON."""
    return json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n"


def measure_latency(classifier: Classifier, texts: Sequence[str]) -> Latency:
    """Time single classifications of at least one text, after a short warm-up."""
    chosen = [texts[number % len(texts)] for number in range(LATENCY_SENTENCES)]
    for text in chosen[:_WARM_UP]:
        classifier.classify(text)
    took, core = [], []
    for text in chosen:
        began, core_began = time.perf_counter(), time.thread_time()
        classifier.classify(text)
        took.append(1000 * (time.perf_counter() - began))
        core.append(1000 * (time.thread_time() - core_began))
    p50, p95 = np.percentile(took, (50, 95))
    return Latency(
        count=len(took),
        p50_ms=float(p50),
        p95_ms=float(p95),
        core_p95_ms=float(np.percentile(core, 95)),
    )


def folder_bytes(folder: Path, prefix: str = "") -> int:
    """Bytes of all files of a folder whose names begin with `prefix`."""
    return sum(path.stat().st_size for path in folder.glob(f"{prefix}*") if path.is_file())
