"""The embedding model of the extra `embeddings`, which set-up installs: what it really says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivr.models.classifier_parameters import load_parameters, save_parameters
from ivr.models.intent_classifier import LinearIntentClassifier
from ivr.models.sentence_embedding import SentenceEmbedder, installed_embedding
from tests.unit.trainer.small_corpus import write_small_corpus
from training.corpus import read_corpus
from training.intent_trainer import TrainerSettings, train_intent_model

SETTINGS = TrainerSettings(embeddings=True, folds=2, penalties=(0.3,), garbled_copies=0)


def test_sentences_of_one_meaning_are_nearer_than_others() -> None:
    embedder = SentenceEmbedder.load()
    lost, stolen, weather = (
        embedder.vector(text)
        for text in ("i lost my card", "somebody stole my bank card", "what is the weather like")
    )
    assert float(np.sqrt(lost @ lost)) == pytest.approx(1.0)
    assert lost @ stolen > lost @ weather + 0.3


def test_the_same_sentence_has_the_same_vector() -> None:
    embedder = SentenceEmbedder.load()
    one = embedder.vector("i lost my card")
    embedder.vector("a much longer sentence about something else altogether")
    assert np.array_equal(one, embedder.vector("i lost my card"))


def test_a_model_with_embeddings_understands_words_it_has_never_seen(tmp_path: Path) -> None:
    small = read_corpus([write_small_corpus(tmp_path)], "en")
    parameters = train_intent_model(small, "en", settings=SETTINGS).parameters
    assert parameters.embedding == installed_embedding()
    save_parameters(parameters, tmp_path)
    classifier = LinearIntentClassifier(load_parameters(tmp_path), version="en-1")
    said = classifier.classify("i want to borrow money for buying an apartment")
    assert said.best.intent == "mortgage"
