from __future__ import annotations

import random

import pytest

from tests.unit.corpus_tools.corpora import sentences
from training.corpus_checks import near_duplicates
from training.corpus_checks.near_duplicates import find_near_pairs


def near(*texts: str, threshold: float = 0.75) -> set[tuple[str, str]]:
    pairs = find_near_pairs(texts, threshold=threshold)
    return {(texts[a], texts[b]) for a, b in zip(pairs.first, pairs.second, strict=True)}


def test_sentences_nearly_the_same_are_found_and_others_are_not() -> None:
    alike = ("i lost my card today", "i lost my cards today")
    assert near(*alike, "what does a mortgage cost", "block my account") == {alike}


def test_one_text_or_none_has_no_pair() -> None:
    assert near() == near("i lost my card") == near("a", "b") == set()


def test_what_is_told_is_the_exact_jaccard_similarity_of_trigrams() -> None:
    texts = ["i lost my card today", "i lost my cards today"]
    grams = [{f" {text} "[i : i + 3] for i in range(len(text))} for text in texts]
    pairs = find_near_pairs(texts)
    assert pairs.similarity.tolist() == [len(grams[0] & grams[1]) / len(grams[0] | grams[1])]


def test_all_pairs_that_comparing_each_with_each_finds_are_found() -> None:
    chance = random.Random(3)
    base = sentences("pin", 150)
    texts = list(
        dict.fromkeys(base + [text + chance.choice([" now", "s", " er"]) for text in base])
    )
    grams = [{f" {text} "[i : i + 3] for i in range(len(text))} for text in texts]
    expected = {
        (texts[a], texts[b])
        for a in range(len(texts))
        for b in range(a + 1, len(texts))
        if len(grams[a] & grams[b]) / len(grams[a] | grams[b]) >= 0.8
    }
    found = near(*texts, threshold=0.8)
    assert len(expected) >= 150
    assert found <= expected
    assert len(found) >= 0.99 * len(expected)


def test_a_large_family_of_like_sentences_is_found_without_comparing_all_pairs() -> None:
    family = [f"please tell me the balance of my account number {n}" for n in range(3000)]
    pairs = find_near_pairs(family)
    assert {*pairs.first.tolist(), *pairs.second.tolist()} == set(range(3000))
    assert len(pairs.first) < 3000 * 8 * 24


def test_no_more_than_the_most_similar_pairs_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    family = [f"please tell me the balance of my account number {n}" for n in range(60)]
    everything = find_near_pairs(family)
    monkeypatch.setattr(near_duplicates, "_MOST_PAIRS", 10)
    first = find_near_pairs(family)
    assert first.similarity.tolist() == everything.similarity[:10].tolist()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_pairs(seed: int) -> None:
    texts = sentences("mortgage", 100)
    one, two = (find_near_pairs(texts, threshold=0.6, seed=seed) for _ in range(2))
    assert one.first.tolist() == two.first.tolist()
    assert one.second.tolist() == two.second.tolist()
