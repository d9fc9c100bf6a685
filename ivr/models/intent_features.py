"""What the intent model looks at: words, word pairs, and runs of letters inside words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.feature_extraction.text import TfidfVectorizer

if TYPE_CHECKING:
    from collections.abc import Sequence


def word_vectoriser(terms: Sequence[str] | None = None) -> Any:
    """TF-IDF of words and word pairs of normalised text.

    With `terms` (in column order) the vocabulary is fixed; the caller sets `idf_` then. Pairs seen
    once are mostly made by the noise that training adds.
    """
    return TfidfVectorizer(
        tokenizer=str.split,
        token_pattern=None,
        ngram_range=(1, 2),
        min_df=2,
        sublinear_tf=True,
        lowercase=False,
        vocabulary=_columns(terms),
    )


def letter_vectoriser(terms: Sequence[str] | None = None) -> Any:
    """TF-IDF of two to five letters in a row inside words; `terms` as in `word_vectoriser`.

    Runs seen fewer than three times are left out: they double the model and teach it nothing.
    """
    return TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(2, 5),
        min_df=3,
        sublinear_tf=True,
        lowercase=False,
        vocabulary=_columns(terms),
    )


def _columns(terms: Sequence[str] | None) -> dict[str, int] | None:
    return None if terms is None else {term: column for column, term in enumerate(terms)}
