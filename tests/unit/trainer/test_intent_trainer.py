from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivr.errors import ConfigurationError
from ivr.models.intent_classifier import LinearIntentClassifier
from ivr.steering.intents import OUT_OF_SCOPE, IntentId
from ivr.steering.text import OTHER_SPEECH
from tests.unit.trainer.small_corpus import LABELS, TEXTS, write_small_corpus
from training.corpus import Utterance, read_corpus
from training.evaluation import AcceptancePoint, Confusion, evaluate
from training.folds import split_by_group
from training.intent_trainer import TrainedModel, TrainerSettings, train_intent_model
from training.noise import RecogniserNoise, filler_texts, filler_words
from training.sources import TrainingSources

SHIPPED = TrainingSources.of_language(
    Path(__file__).parents[3] / "training" / "corpus", "en"
).corpus
QUICK = TrainerSettings(folds=3, penalties=(30.0,), garbled_copies=1)


@pytest.fixture
def small(tmp_path: Path) -> tuple[Utterance, ...]:
    return read_corpus([write_small_corpus(tmp_path)], "en")


@pytest.fixture(scope="module")
def shipped() -> TrainedModel:
    return train_intent_model(read_corpus(SHIPPED, "en"), "en", settings=QUICK)


def test_the_same_corpus_and_seed_give_the_same_model(small: tuple[Utterance, ...]) -> None:
    one, two = (train_intent_model(small, "en") for _ in range(2))
    assert np.array_equal(one.parameters.weights, two.parameters.weights)
    assert one.parameters.word_terms == two.parameters.word_terms
    assert one.as_written == two.as_written


def test_a_small_corpus_is_learned(small: tuple[Utterance, ...]) -> None:
    classifier = LinearIntentClassifier(train_intent_model(small, "en").parameters, version="en-1")
    said = [classifier.classify(text).best.intent for text in TEXTS]
    assert sum(a == b for a, b in zip(said, LABELS, strict=True)) >= len(TEXTS) - 1


def test_two_intents_are_enough(small: tuple[Utterance, ...]) -> None:
    two = [utterance for utterance in small if utterance.intent != OUT_OF_SCOPE]
    classifier = LinearIntentClassifier(train_intent_model(two, "en").parameters, version="en-1")
    assert classifier.classify("what is my mortgage rate").best.intent == "mortgage"
    assert classifier.classify("my pin is wrong").best.intent == "pin"


def test_one_intent_or_a_starved_one_is_refused(small: tuple[Utterance, ...]) -> None:
    with pytest.raises(ConfigurationError, match="1 intents"):
        train_intent_model(small[:6], "en")
    with pytest.raises(ConfigurationError, match="fewer than 4 utterances for mortgage"):
        train_intent_model(small[:9], "en")


def test_progress_is_told(small: tuple[Utterance, ...]) -> None:
    told: list[tuple[str, float]] = []
    train_intent_model(small, "en", progress=lambda step, share: told.append((step, share)))
    assert told[0] == ("comparing intent models", 0.05)
    assert [share for _, share in told] == sorted(share for _, share in told)


def test_out_of_fold_figures_of_the_shipped_corpus_are_good(shipped: TrainedModel) -> None:
    assert shipped.by_speaker
    assert shipped.as_written.accuracy >= 0.75
    assert shipped.garbled.accuracy >= 0.66
    assert shipped.as_written.calibration_error <= 0.06
    assert (shipped.as_written.out_of_scope_auroc or 0) >= 0.94


@pytest.mark.parametrize(
    "text", ["the", "please", "um", "i want to", "and the", "hello", "thank you", "to the you a"]
)
def test_words_that_say_nothing_are_no_sure_answer(shipped: TrainedModel, text: str) -> None:
    best = LinearIntentClassifier(shipped.parameters, version="en-1").classify(text).best
    assert best.intent == OUT_OF_SCOPE or best.probability < 0.5


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("someone stole my card please block it", "card_lost_or_stolen"),
        ("I forgot my PIN", "pin"),
        ("I'd like to talk to a person", "consultant"),
    ],
)
def test_plain_requests_are_sure(shipped: TrainedModel, text: str, intent: str) -> None:
    best = LinearIntentClassifier(shipped.parameters, version="en-1").classify(text).best
    assert best.intent == intent
    assert best.probability > 0.8


def test_nobody_is_on_both_sides_of_a_split() -> None:
    groups = [f"speaker{row % 6}" for row in range(60)]
    folds = split_by_group([f"intent{row % 5}" for row in range(60)], groups, 3, seed=1)
    assert folds.by_group
    for train, test in folds.splits:
        assert not {groups[row] for row in train} & {groups[row] for row in test}


def test_a_corpus_of_one_speaker_is_split_row_by_row() -> None:
    folds = split_by_group(["a", "b"] * 10, ["me"] * 20, 4, seed=1)
    assert not folds.by_group
    assert sorted(row for _, test in folds.splits for row in test) == list(range(20))


def test_noise_makes_about_as_many_errors_as_asked() -> None:
    text = "one two three four five six seven eight nine ten"
    random = np.random.default_rng(1)
    noise = RecogniserNoise(["other words here"], error_rate=0.2, random=random)
    garbled = [noise.garbled(text).split() for _ in range(500)]
    kept = sum(len(set(words) & set(text.split())) for words in garbled)
    assert 0.80 < kept / 5000 < 0.86
    assert RecogniserNoise([text], error_rate=0.0, random=random).garbled(text) == text


def test_noise_never_leaves_a_text_empty() -> None:
    noise = RecogniserNoise(["a"], error_rate=1.0, random=np.random.default_rng(1))
    assert all(noise.garbled("pin") for _ in range(200))


def test_overheard_texts_hold_other_speech_among_words_of_the_corpus() -> None:
    noise = RecogniserNoise(["my card"], error_rate=0.2, random=np.random.default_rng(1))
    made = [text.split() for text in noise.overheard(200)]
    assert all(OTHER_SPEECH in words and len(words) <= 10 for words in made)
    assert {word for words in made for word in words} == {OTHER_SPEECH, "my", "card"}


@pytest.mark.parametrize(
    "text",
    [
        "[weather]",
        "[weather] [lovely] [garden] [unk]",
        "the [weather] is [lovely] and my [garden]",
        "can i [watch] a [football] in [television]",
        "[almost] [nobody] the [public] [world] account",
    ],
)
def test_much_other_speech_is_out_of_scope(shipped: TrainedModel, text: str) -> None:
    best = LinearIntentClassifier(shipped.parameters, version="en-1").classify(text).best
    assert best.intent == OUT_OF_SCOPE or best.probability < 0.4


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("i lost my card [yesterday] on the bus", "card_lost_or_stolen"),
        ("i forgot my pin [completely]", "pin"),
        ("i'd like a mortgage for a [yellow] house", "mortgage"),
    ],
)
def test_a_single_word_of_other_speech_does_not_hide_what_is_wanted(
    shipped: TrainedModel, text: str, intent: str
) -> None:
    best = LinearIntentClassifier(shipped.parameters, version="en-1").classify(text).best
    assert (best.intent, best.probability > 0.6) == (intent, True)


def test_words_that_all_intents_share_are_fillers() -> None:
    texts = ["my pin please", "my card please", "my loan please", "a pin"]
    fillers = filler_words(texts, ["pin", "card", "loan", "pin"])
    assert fillers == ("my", "please")
    made = filler_texts(fillers, salads=5, random=np.random.default_rng(1))
    assert made[:2] == fillers
    assert len(made) == 7
    assert filler_texts((), salads=5, random=np.random.default_rng(1)) == ()


def test_evaluation_counts_what_acceptance_lets_through() -> None:
    intents = (OUT_OF_SCOPE, IntentId("pin"), IntentId("balance"))
    probabilities = np.array(
        [[0.1, 0.8, 0.1], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3], [0.9, 0.05, 0.05], [0.2, 0.1, 0.7]]
    )
    figures = evaluate(probabilities, np.array([1, 1, 1, 0, 0]), intents)
    assert figures.accuracy == pytest.approx(0.6)
    assert figures.confusions == (
        Confusion(said=OUT_OF_SCOPE, understood=IntentId("balance"), count=1),
        Confusion(said=IntentId("pin"), understood=IntentId("balance"), count=1),
    )
    assert figures.out_of_scope_auroc == pytest.approx(5.5 / 6.0)
    point = next(p for p in figures.acceptance if (p.probability, p.margin) == (0.6, 0.1))
    assert point == AcceptancePoint(
        probability=0.6,
        margin=0.1,
        accepted_share=pytest.approx(2 / 3),
        wrong_share=pytest.approx(2 / 3),
        out_of_scope_accepted_share=0.5,
    )


def test_perfect_calibration_has_no_error() -> None:
    probabilities = np.array([[0.75, 0.25]] * 4)
    intents = (IntentId("a"), IntentId("b"))
    figures = evaluate(probabilities, np.array([0, 0, 0, 1]), intents)
    assert figures.calibration_error == pytest.approx(0.0)
    assert figures.out_of_scope_auroc is None
