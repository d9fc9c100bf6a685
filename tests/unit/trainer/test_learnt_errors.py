from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from training.alignment import word_errors
from training.confusions import Confusions
from training.noise import RecogniserNoise

EVEN = Confusions(
    engine="pocketsphinx 5.1.1",
    language="en",
    made_of="a test",
    sentences=1000,
    words=3000,
    word_error_rate=(100 + 300 + 150) / 3000,
    error_rates={},
    # everybody is heard alike
    utterances_by_error_rate=(0, 0, 1000, 0, 0, 0, 0, 0, 0, 0, 0),
    counts={
        ("card", "card"): 600,
        ("card", "cart"): 200,
        ("card", "[unk]"): 100,
        ("my", "my"): 900,
        ("my", ""): 100,
        ("please", "please"): 1000,
        ("", "uh"): 150,
    },
)


def noise(confusions: Confusions | None, rate: float, seed: int = 1) -> RecogniserNoise:
    return RecogniserNoise(
        ["other"], error_rate=rate, random=np.random.default_rng(seed), confusions=confusions
    )


def test_errors_fall_on_words_as_they_were_counted() -> None:
    made = noise(EVEN, EVEN.word_error_rate)
    heard = Counter(made.garbled("card") for _ in range(4000))
    wrong = heard["cart"] + heard["[unk]"]
    assert wrong / 4000 == pytest.approx(0.3 * 0.95, abs=0.03)  # an insertion may stand before it
    assert heard["cart"] / wrong == pytest.approx(2 / 3, abs=0.05)
    words = " ".join(made.garbled("please my") for _ in range(4000)).split()
    assert words.count("please") > 3950
    assert words.count("my") / 4000 == pytest.approx(0.9, abs=0.02)
    assert words.count("uh") / 8000 == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("rate", [0.05, 0.15, 0.3])
def test_the_error_rate_is_as_asked(rate: float) -> None:
    text = "my card please my card please"
    made = noise(EVEN, rate)
    wrong = sum(word_errors(text.split(), made.garbled(text).split()) for _ in range(2000))
    assert wrong / (2000 * 6) == pytest.approx(rate, rel=0.12)


def test_errors_fall_on_utterances_as_unevenly_as_they_were_counted() -> None:
    uneven = replace(EVEN, utterances_by_error_rate=(800, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200))
    text = "my card please my card please my card"
    made = noise(uneven, 0.15)
    untouched = sum(made.garbled(text) == text for _ in range(1000))
    assert 800 <= untouched < 870


def test_two_words_heard_as_one_are_heard_so_together_only() -> None:
    merged = replace(
        EVEN, counts={("over draft", "[unk]"): 50, ("over", "over"): 50, ("draft", "draft"): 50}
    )
    made = noise(merged, 0.3)
    heard = {made.garbled("over draft") for _ in range(300)}
    assert "[unk]" in heard
    assert "[unk] draft" not in {made.garbled("draft over") for _ in range(300)} - heard


def test_words_never_counted_are_taken_for_any_word_or_other_speech() -> None:
    made = noise(EVEN, 0.5)
    heard = Counter(made.garbled("zloty") for _ in range(1000))
    assert set(heard) <= {"zloty", "other", "[unk]", "uh", "uh zloty", "uh other", "uh [unk]"}
    assert heard["other"] > heard["[unk]"] > 0


def test_the_same_seed_gives_the_same_errors() -> None:
    texts = ["my card please"] * 50
    one, again, other = (noise(EVEN, 0.4, seed) for seed in (3, 3, 4))
    assert [one.garbled(text) for text in texts] == [again.garbled(text) for text in texts]
    assert [one.garbled(text) for text in texts] != [other.garbled(text) for text in texts]


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_no_text_is_left_empty_and_none_is_touched_at_rate_zero(rate: float) -> None:
    made = noise(EVEN, rate)
    heard = [made.garbled("my") for _ in range(300)]
    assert all(heard)
    assert rate or set(heard) == {"my"}


def test_a_perfect_recogniser_teaches_no_errors() -> None:
    perfect = replace(
        EVEN,
        word_error_rate=0.0,
        utterances_by_error_rate=(9, *[0] * 10),
        counts={("card", "card"): 9},
    )
    assert noise(perfect, 0.2).garbled("card card") == "card card"
