"""Out-of-fold predictions beside a model: what thresholds are chosen on, without training again."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from ivr.errors import ModelUnusableError
from ivr.steering.intents import IntentId
from training.baselines import Baselines
from training.predictions import Predictions

if TYPE_CHECKING:
    from pathlib import Path

    from ivr.models.artefact import ModelArtefact
    from training.predictions import OutOfFold

OUT_OF_FOLD = "out_of_fold.npz"
BASELINES = "baselines.json"


def save_validation(out_of_fold: OutOfFold, baselines: Baselines, folder: Path) -> None:
    """Write `out_of_fold.npz` (columns in the order of the manifest's intents) and `baselines.json`."""
    np.savez_compressed(
        folder / OUT_OF_FOLD,
        allow_pickle=False,
        labels=out_of_fold.labels,
        as_written=out_of_fold.as_written.astype(np.float32),
        garbled=out_of_fold.garbled.astype(np.float32),
    )
    text = json.dumps(asdict(baselines), ensure_ascii=False, indent=0, sort_keys=True)
    (folder / BASELINES).write_text(text + "\n", encoding="utf-8")


def load_validation(artefact: ModelArtefact) -> tuple[Predictions, Predictions] | None:
    """As written and garbled, without texts; None for an artefact that was made without.

    Raises `ModelUnusableError` when the file is no use.
    """
    path = artefact.folder / OUT_OF_FOLD
    if OUT_OF_FOLD not in artefact.manifest.files:
        return None
    intents = tuple(sorted(map(IntentId, artefact.manifest.intents)))
    try:
        with np.load(path, allow_pickle=False) as arrays:
            labels = arrays["labels"].astype(np.int64)
            both = [arrays[name].astype(np.float64) for name in ("as_written", "garbled")]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ModelUnusableError(
            f"{path}: cannot be read ({error}); run `sternik train`"
        ) from error
    if any(one.shape != (len(labels), len(intents)) for one in both):
        raise ModelUnusableError(f"{path}: does not fit the model; run `sternik train`")
    nothing = ("",) * len(labels)
    as_written, garbled = (
        Predictions(
            intents=intents, texts=nothing, groups=nothing, labels=labels, probabilities=one
        )
        for one in both
    )
    return as_written, garbled


def load_baselines(artefact: ModelArtefact) -> Baselines | None:
    """What could be had without a model; None for an artefact that was made without."""
    if BASELINES not in artefact.manifest.files:
        return None
    path = artefact.folder / BASELINES
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return Baselines(
            majority=IntentId(written["majority"]),
            keywords={IntentId(name): tuple(words) for name, words in written["keywords"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnusableError(
            f"{path}: cannot be read ({error}); run `sternik train`"
        ) from error
