from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import LogisticRegression

from ivr.errors import ModelUnusableError
from ivr.models.classifier_parameters import (
    ClassifierParameters,
    load_parameters,
    save_parameters,
)
from ivr.models.intent_classifier import LinearIntentClassifier
from ivr.steering.intents import OUT_OF_SCOPE, IntentId
from ivr.steering.text import normalise
from tests.unit.trainer.small_corpus import LABELS, TEXTS
from training.vectorisers import letter_vectoriser, word_vectoriser

if TYPE_CHECKING:
    from pathlib import Path


def fitted() -> tuple[ClassifierParameters, np.ndarray]:
    """A model fitted by scikit-learn alone, and scikit-learn's probabilities of TEXTS."""
    words, letters = word_vectoriser(), letter_vectoriser()
    texts = [normalise(text, "en") for text in TEXTS]
    features = scipy.sparse.hstack([words.fit_transform(texts), letters.fit_transform(texts)])
    model = LogisticRegression(C=10).fit(features, LABELS)
    parameters = ClassifierParameters(
        language="en",
        intents=tuple(IntentId(label) for label in model.classes_),
        word_terms=tuple(words.get_feature_names_out()),
        letter_terms=tuple(letters.get_feature_names_out()),
        word_idf=words.idf_,
        letter_idf=letters.idf_,
        weights=model.coef_,
        intercepts=model.intercept_,
        temperature=1.0,
    )
    return parameters, model.predict_proba(features)


def test_loaded_classifier_says_what_scikit_learn_says(tmp_path: Path) -> None:
    parameters, expected = fitted()
    save_parameters(parameters, tmp_path)
    classifier = LinearIntentClassifier(load_parameters(tmp_path), version="en-1")
    for text, row in zip(TEXTS, expected, strict=True):
        said = classifier.classify(text)
        by_intent = {found.intent: found.probability for found in said.candidates}
        assert [by_intent[intent] for intent in parameters.intents] == pytest.approx(row, abs=1e-9)
        assert said.model_version == "en-1"


def test_candidates_come_most_probable_first_and_sum_to_one() -> None:
    said = LinearIntentClassifier(fitted()[0], version="en-1").classify("I forgot my PIN!")
    probabilities = [found.probability for found in said.candidates]
    assert said.best.intent == "pin"
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1.0)


def test_casing_punctuation_and_hesitation_change_nothing() -> None:
    classifier = LinearIntentClassifier(fitted()[0], version="en-1")
    assert classifier.classify("Um, I FORGOT my PIN...") == classifier.classify("i forgot my pin")


@pytest.mark.parametrize(
    "text", ["", "   ", "um uh erm", "?!", "xqzv wkjf", "zzz", "pinned mortgaging"]
)
def test_text_without_a_known_word_is_out_of_scope(text: str) -> None:
    best = LinearIntentClassifier(fitted()[0], version="en-1").classify(text).best
    assert best.intent == OUT_OF_SCOPE


def test_unknown_words_are_no_sure_answer_in_a_model_without_out_of_scope() -> None:
    parameters, _ = fitted()
    kept = [row for row, intent in enumerate(parameters.intents) if intent != OUT_OF_SCOPE]
    without = replace(
        parameters,
        intents=tuple(parameters.intents[row] for row in kept),
        weights=parameters.weights[kept],
        intercepts=parameters.intercepts[kept],
    )
    assert LinearIntentClassifier(without, version="en-1").classify("zzz").best.probability < 0.65


def test_the_same_model_is_written_as_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        save_parameters(fitted()[0], folder)
    for name in ("classifier.json", "classifier.npz"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": np.zeros((2, 2))}, "weights is"),
        ({"intercepts": np.array([np.nan, 0.0, 0.0])}, "not finite"),
        ({"word_idf": np.ones(3, dtype=np.float32)}, "word_idf is float32"),
        ({"letter_idf": np.ones(1)}, "letter_idf is"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"least_logit": float("inf")}, "least_logit"),
        ({"intents": (IntentId("pin"), IntentId("pin"), IntentId("balance"))}, "listed twice"),
    ],
)
def test_unfit_numbers_are_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    save_parameters(replace(fitted()[0], **change), tmp_path)
    with pytest.raises(ModelUnusableError, match=said):
        load_parameters(tmp_path)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    save_parameters(fitted()[0], tmp_path)
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(tmp_path / "classifier.npz", word_idf=objects, allow_pickle=True)
    with pytest.raises(ModelUnusableError, match="sternik train"):
        load_parameters(tmp_path)


@pytest.mark.parametrize("name", ["classifier.json", "classifier.npz"])
@pytest.mark.parametrize("kept_share", [None, 0.0, 0.5, 0.99])
def test_missing_and_cut_files_are_refused(
    tmp_path: Path, name: str, kept_share: float | None
) -> None:
    save_parameters(fitted()[0], tmp_path)
    path = tmp_path / name
    raw = path.read_bytes()
    path.unlink()
    if kept_share is not None:
        path.write_bytes(raw[: int(len(raw) * kept_share)])
    with pytest.raises(ModelUnusableError, match="sternik train"):
        load_parameters(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"format": 99}, {"intents": "pin"}, {"word_terms": [1, 2]}, {"temperature": "warm"}],
)
def test_a_description_of_another_kind_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    save_parameters(fitted()[0], tmp_path)
    path = tmp_path / "classifier.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelUnusableError):
        load_parameters(tmp_path)


def test_what_no_intent_claims_is_out_of_scope() -> None:
    parameters, _ = fitted()
    plain = LinearIntentClassifier(parameters, version="en-1")
    text = "how early do i complain about my new home"
    claimed = plain.logits(text)[[intent != OUT_OF_SCOPE for intent in parameters.intents]].max()
    for least, shares in ((claimed + 0.01, (0.6, 1.0)), (claimed - 0.01, (0.0, 0.6))):
        strict = LinearIntentClassifier(replace(parameters, least_logit=least), version="en-1")
        of = {one.intent: one.probability for one in strict.classify(text).candidates}
        assert shares[0] <= of[OUT_OF_SCOPE] < shares[1]
        assert sum(of.values()) == pytest.approx(1.0)
