from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.errors import ModelUnusableError
from training.language_model import SENTENCE_END, SENTENCE_START, build_language_model

SENTENCES = ["i lost my card", "block my card please", "i forgot my pin", "my card is lost"]
WORDS = {word for sentence in SENTENCES for word in sentence.split()}
Gram = tuple[str, ...]


class Arpa:
    """Reads an ARPA file back and answers as a decoder does."""

    def __init__(self, path: Path) -> None:
        self.probability: dict[Gram, float] = {}
        self.backoff: dict[Gram, float] = defaultdict(lambda: 1.0)
        self.announced: dict[int, int] = {}
        self.found: dict[int, int] = defaultdict(int)
        for line in path.read_text().splitlines():
            if line.startswith("ngram "):
                order, number = line.removeprefix("ngram ").split("=")
                self.announced[int(order)] = int(number)
            elif "\t" in line:
                probability, words, *backoff = line.split("\t")
                gram = tuple(words.split())
                self.found[len(gram)] += 1
                self.probability[gram] = 10 ** float(probability)
                if backoff:
                    self.backoff[gram] = 10 ** float(backoff[0])

    def of(self, *gram: str) -> float:
        if gram in self.probability:
            return self.probability[gram]
        return self.backoff[gram[:-1]] * self.of(*gram[1:])


def built(folder: Path, sentences: list[str], vocabulary: set[str]) -> Arpa:
    build_language_model(sentences, vocabulary, folder / "lm.arpa")
    return Arpa(folder / "lm.arpa")


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=6).map(" ".join), min_size=1)
)
def test_after_any_two_words_the_probabilities_sum_to_one(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[str]
) -> None:
    arpa = built(tmp_path_factory.mktemp("lm"), sentences, set("abcdef"))
    ends = [*"abcdef", SENTENCE_END]
    for history in [(), (SENTENCE_START,), ("a",), (SENTENCE_START, "b"), ("a", "b"), ("f", "a")]:
        assert sum(arpa.of(*history, word) for word in ends) == pytest.approx(1.0, abs=2e-3)


def test_the_head_counts_what_follows(tmp_path: Path) -> None:
    arpa = built(tmp_path, SENTENCES, WORDS)
    assert arpa.announced == dict(arpa.found)


def test_said_sequences_are_likelier_than_unsaid_ones(tmp_path: Path) -> None:
    arpa = built(tmp_path, SENTENCES, WORDS)
    assert arpa.of("lost", "my", "card") > arpa.of("lost", "my", "please")
    assert arpa.of(SENTENCE_START, "i") > arpa.of(SENTENCE_START, "pin")


def test_words_without_pronunciation_are_left_out_and_nothing_spans_them(tmp_path: Path) -> None:
    arpa = built(tmp_path, SENTENCES, WORDS - {"my"})
    assert not any("my" in gram for gram in arpa.probability)
    assert ("lost", "card") not in arpa.probability


def test_vocabulary_that_no_sentence_holds_can_still_be_heard(tmp_path: Path) -> None:
    assert built(tmp_path, SENTENCES, WORDS | {"pesos"}).of("pesos") > 0


def test_nothing_to_count_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusableError, match="check the corpus"):
        build_language_model(["ąę"], {"card"}, tmp_path / "lm.arpa")
    assert list(tmp_path.iterdir()) == []
