"""What the intent model learns from: words, word pairs, and runs of letters inside words.

`ivr.models.intent_features` computes the same numbers when calls are served.
"""

from __future__ import annotations

from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from ivr.models.intent_features import LONGEST_LETTERS, SHORTEST_LETTERS


def word_vectoriser() -> Any:
    """TF-IDF of words and word pairs of normalised text.

    Pairs seen once are mostly made by the noise that training adds.
    """
    return TfidfVectorizer(
        tokenizer=str.split,
        token_pattern=None,
        ngram_range=(1, 2),
        min_df=2,
        sublinear_tf=True,
        lowercase=False,
    )


def letter_vectoriser() -> Any:
    """TF-IDF of two to five letters in a row inside words.

    Runs seen fewer than three times are left out: they double the model and teach it nothing.
    """
    return TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(SHORTEST_LETTERS, LONGEST_LETTERS),
        min_df=3,
        sublinear_tf=True,
        lowercase=False,
    )
