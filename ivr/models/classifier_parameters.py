"""A trained intent model as plain arrays and JSON: written by training, checked when loaded."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from ivr.errors import ModelUnusableError
from ivr.models.sentence_embedding import DIMENSIONS, EmbeddingFile
from ivr.steering.intents import IntentId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

JSON_NAME = "classifier.json"
ARRAYS_NAME = "classifier.npz"
_FORMAT = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassifierParameters:
    """Everything that a linear intent model has learned.

    `weights` has the shape (n_intents, n_words + n_letters), columns in the order of `word_terms`
    then `letter_terms`, and 384 more for the sentence vector of `embedding` when there is one;
    `intercepts` (n_intents,); `word_idf` (n_words,); `letter_idf`
    (n_letters,). Probabilities are softmax((weights · features + intercepts) / temperature).
    Where no intent but out of scope reaches `least_logit` before that, none claims the text.
    `language` is the one whose normalisation the texts went through.
    """

    language: str
    intents: tuple[IntentId, ...]
    word_terms: tuple[str, ...]
    letter_terms: tuple[str, ...]
    word_idf: npt.NDArray[np.float64]
    letter_idf: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    intercepts: npt.NDArray[np.float64]
    temperature: float
    least_logit: float | None = None
    embedding: EmbeddingFile | None = None


def save_parameters(parameters: ClassifierParameters, folder: Path) -> None:
    """Write `classifier.json` and `classifier.npz`; the same parameters give the same bytes."""
    description = {
        "format": _FORMAT,
        "language": parameters.language,
        "intents": list(parameters.intents),
        "temperature": parameters.temperature,
        "least_logit": parameters.least_logit,
        "word_terms": list(parameters.word_terms),
        "letter_terms": list(parameters.letter_terms),
        "embedding": None if parameters.embedding is None else asdict(parameters.embedding),
    }
    text = json.dumps(description, ensure_ascii=False, sort_keys=True, indent=0)
    (folder / JSON_NAME).write_text(text + "\n", encoding="utf-8")
    np.savez(
        folder / ARRAYS_NAME,
        allow_pickle=False,
        word_idf=parameters.word_idf,
        letter_idf=parameters.letter_idf,
        weights=parameters.weights,
        intercepts=parameters.intercepts,
    )


def load_parameters(folder: Path) -> ClassifierParameters:
    """Read and check what `save_parameters` wrote; raises `ModelUnusableError` for all else."""
    try:
        description = json.loads((folder / JSON_NAME).read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS_NAME, allow_pickle=False) as arrays:
            parameters = _parameters(description, {name: arrays[name] for name in arrays.files})
    except (OSError, EOFError, zipfile.BadZipFile, ValueError, KeyError, TypeError) as error:
        raise ModelUnusableError(
            f"{folder}: the intent model cannot be read ({error}); run `sternik train`"
        ) from error
    problem = _problem(parameters)
    if problem:
        raise ModelUnusableError(f"{folder}: {problem}; run `sternik train`")
    return parameters


def _parameters(
    description: Mapping[str, object], arrays: Mapping[str, npt.NDArray[np.float64]]
) -> ClassifierParameters:
    if description["format"] != _FORMAT:
        message = f"format {description['format']!r}, this program reads {_FORMAT}"
        raise ValueError(message)
    return ClassifierParameters(
        language=str(description["language"]),
        intents=tuple(IntentId(intent) for intent in _texts(description["intents"])),
        word_terms=_texts(description["word_terms"]),
        letter_terms=_texts(description["letter_terms"]),
        word_idf=arrays["word_idf"],
        letter_idf=arrays["letter_idf"],
        weights=arrays["weights"],
        intercepts=arrays["intercepts"],
        temperature=float(str(description["temperature"])),
        least_logit=_least_logit(description["least_logit"]),
        embedding=_embedding(description["embedding"]),
    )


def _least_logit(value: object) -> float | None:
    return None if value is None else float(str(value))


def _embedding(value: object) -> EmbeddingFile | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        message = "the embedding model is not described by texts"
        raise TypeError(message)
    return EmbeddingFile(**value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        message = "a list of texts is not one"
        raise TypeError(message)
    return tuple(value)


def _problem(parameters: ClassifierParameters) -> str:
    """Say what makes the parameters unusable; '' when nothing does."""
    intents, words = len(parameters.intents), len(parameters.word_terms)
    letters = len(parameters.letter_terms)
    vector = DIMENSIONS if parameters.embedding else 0
    shapes = (
        ("weights", parameters.weights, (intents, words + letters + vector)),
        ("intercepts", parameters.intercepts, (intents,)),
        ("word_idf", parameters.word_idf, (words,)),
        ("letter_idf", parameters.letter_idf, (letters,)),
    )
    for name, array, shape in shapes:
        if array.shape != shape or array.dtype != np.float64:
            return f"{name} is {array.dtype} {array.shape}, not float64 {shape}"
        if not np.isfinite(array).all():
            return f"{name} holds numbers that are not finite"
    return _vocabulary_problem(parameters)


def _vocabulary_problem(parameters: ClassifierParameters) -> str:
    if len(parameters.intents) < 2:  # noqa: PLR2004 (one intent is no choice)
        return "fewer than two intents"
    if not parameters.word_terms or not parameters.letter_terms:
        return "the vocabulary is empty"
    for terms in (parameters.intents, parameters.word_terms, parameters.letter_terms):
        if len(set(terms)) != len(terms):
            return "an intent or a term is listed twice"
    if not (np.isfinite(parameters.temperature) and parameters.temperature > 0):
        return f"temperature {parameters.temperature} is not above zero"
    if parameters.least_logit is not None and not np.isfinite(parameters.least_logit):
        return f"least_logit {parameters.least_logit} is not finite"
    return ""
