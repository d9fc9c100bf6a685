"""The vectors of serving are those of training, which scikit-learn makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.models.intent_features import TfIdf, letter_terms, word_terms
from tests.unit.trainer.small_corpus import TEXTS
from training.vectorisers import letter_vectoriser, word_vectoriser

LETTERS = "abcćdeęéłżß'-한환율 \t\u00a0\u2003\x1c\u0301🙂"
ANY_TEXT = st.text() | st.text(alphabet=LETTERS) | st.lists(st.sampled_from(TEXTS)).map(" ".join)
CORPORA = st.lists(ANY_TEXT, min_size=1, max_size=8)

KINDS = pytest.mark.parametrize(
    ("vectoriser", "terms_of"),
    [(word_vectoriser, word_terms), (letter_vectoriser, letter_terms)],
    ids=["words", "letters"],
)


@KINDS
@settings(max_examples=150, deadline=None)
@given(corpus=CORPORA, text=ANY_TEXT)
def test_vector_is_the_one_that_scikit_learn_makes(
    vectoriser: object, terms_of: object, corpus: list[str], text: str
) -> None:
    # Every text thrice, so that terms are frequent enough; some with themselves, for their counts.
    texts = [*TEXTS, *(3 * corpus), *(f"{said} {said}" for said in corpus)]
    theirs = vectoriser()
    theirs.fit(texts)
    terms = theirs.get_feature_names_out()
    ours = TfIdf(terms_of, terms=terms, idf=theirs.idf_)
    for said in (text, *corpus, f"{text} {corpus[0]} {text}", ""):
        found = ours.vector(said)
        dense = np.zeros(len(terms))
        dense[found.columns] = found.values
        assert len(set(found.columns)) == len(found.columns)
        assert dense == pytest.approx(theirs.transform([said]).toarray()[0], abs=1e-9)


@KINDS
@given(text=ANY_TEXT)
def test_terms_are_those_that_scikit_learn_counts(
    vectoriser: object, terms_of: object, text: str
) -> None:
    assert list(terms_of(text)) == list(vectoriser().build_analyzer()(text))
