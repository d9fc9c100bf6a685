"""Artefacts with a real, tiny classifier, in no time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ivr.models.artefact import FILES, HEARING, ModelArtefact, sha256_of
from ivr.models.artefact_writer import install_artefact, unfinished_folder
from ivr.models.classifier_parameters import ClassifierParameters, save_parameters
from ivr.models.manifest import FORMAT, Manifest
from ivr.steering.intents import IntentId
from ivr.steering.text import NORMALISATION

INTENTS = ("out_of_scope", "pin")


def version_of(number: int) -> str:
    return f"en-202601{number:02d}-0123abcd"


def install_tiny(
    root: Path, number: int, *, labels: tuple[str, ...] = INTENTS, content: str = ""
) -> ModelArtefact:
    """A candidate, the `number`-th of January's; `labels` are what its manifest promises."""
    with unfinished_folder(root, "en") as folder:
        save_parameters(_parameters(), folder)
        for name in FILES[2:]:
            (folder / name).write_text(f"{name} of {number}")
        files = {path.name: sha256_of(path) for path in folder.iterdir()}
        manifest = Manifest(
            format=FORMAT,
            version=version_of(number),
            language="en",
            created=f"2026-01-{number:02d}T00:00:00+00:00",
            content=content or f"content {number}",
            corpus=f"corpus {number}",
            utterances=10 * number,
            normalisation=NORMALISATION,
            inputs={"corpus/0-en.csv": "00"},
            files=files,
            hearing={role: name for role, name in HEARING.items() if name in files},
            intents=labels,
            metrics={"out_of_fold_accuracy": 0.9, "out_of_fold_macro_f1": 0.8},
            seeds={"training": 7},
            libraries={"numpy": "2"},
        )
        return install_artefact(folder, manifest)


def flip_a_byte(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def _parameters() -> ClassifierParameters:
    return ClassifierParameters(
        language="en",
        intents=tuple(IntentId(intent) for intent in INTENTS),
        word_terms=("pin",),
        letter_terms=("pi",),
        word_idf=np.ones(1),
        letter_idf=np.ones(1),
        weights=np.array([[-1.0, -1.0], [1.0, 1.0]]),
        intercepts=np.zeros(2),
        temperature=1.0,
    )
