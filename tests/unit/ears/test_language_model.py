from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.errors import ModelUnusableError
from training.backoff_model import SENTENCE_START
from training.language_model import SENTENCE_END, build_language_model
from training.other_speech import OtherSpeech

SENTENCES = ["i lost my card", "block my card please", "i forgot my pin", "my card is lost"]
WORDS = {word for sentence in SENTENCES for word in sentence.split()}
GENERAL = OtherSpeech(shares={"weather": 0.7, "lovely": 0.3}, entering=0.5)
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


def built(
    folder: Path, sentences: list[str], vocabulary: set[str], other: OtherSpeech | None = None
) -> Arpa:
    build_language_model(sentences, vocabulary, folder / "lm.arpa", other)
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


@settings(max_examples=60)
@given(
    sentences=st.lists(
        st.lists(st.sampled_from("abcde"), min_size=1, max_size=6).map(" ".join), min_size=1
    ),
    entering=st.floats(min_value=0.01, max_value=0.99),
)
def test_with_other_speech_the_probabilities_sum_to_one_after_every_context(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[str], entering: float
) -> None:
    other = OtherSpeech(shares={"x": 0.75, "y": 0.25}, entering=entering)
    arpa = built(tmp_path_factory.mktemp("lm"), sentences, set("abcdef"), other)
    ends = [*"abcdef", SENTENCE_END, "[x]", "[y]"]
    words = [SENTENCE_START, *"abcdef", "[x]"]
    contexts = [
        (),
        *((word,) for word in words),
        *((one, two) for one in words for two in words[1:]),
    ]
    for history in contexts:
        assert sum(arpa.of(*history, word) for word in ends) == pytest.approx(1.0, abs=2e-3)


def test_other_speech_is_entered_least_where_the_corpus_knows_how_to_go_on(tmp_path: Path) -> None:
    arpa = built(tmp_path, SENTENCES, WORDS, GENERAL)
    after_known = arpa.of("lost", "my", "[weather]")
    assert 0 < after_known < arpa.of("[weather]") == pytest.approx(0.35, abs=1e-3)
    assert arpa.of("[lovely]", "[weather]") == pytest.approx(0.35, abs=1e-3)


def test_other_speech_changes_nothing_between_words_of_the_corpus(tmp_path: Path) -> None:
    without = built(tmp_path, SENTENCES, WORDS)
    mixed = built(tmp_path, SENTENCES, WORDS, GENERAL)
    for history in [(), (SENTENCE_START,), ("lost", "my"), ("card", "i"), ("please", "pin")]:
        shares = [mixed.of(*history, word) / without.of(*history, word) for word in WORDS]
        assert max(shares) == pytest.approx(min(shares), rel=2e-3)


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
