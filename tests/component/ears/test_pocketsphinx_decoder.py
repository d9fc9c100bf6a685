from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from spoken_sentences import SENTENCES

from ivr.errors import ModelUnusableError
from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder, spoken_words
from ivr.ports import FRAME_BYTES, FinalWords, GrammarName
from ivr.steering.hearing import hearing_of
from ivr.steering.text import other_speech_share

if TYPE_CHECKING:
    from pathlib import Path

    from spoken_sentences import Speak


@pytest.fixture
def decoder(artefact: Path) -> PocketSphinxDecoder:
    decoder = PocketSphinxDecoder(artefact)
    decoder.reset(GrammarName.OPEN_QUESTION)
    return decoder


def hear(decoder: PocketSphinxDecoder, pcm: bytes) -> tuple[list[str], FinalWords]:
    partials = [
        decoder.feed(pcm[start : start + FRAME_BYTES]) for start in range(0, len(pcm), FRAME_BYTES)
    ]
    return partials, decoder.finish()


@pytest.mark.parametrize("voice", ["slt", "rms", "awb", "kal16"])
def test_sentences_of_the_corpus_are_heard_right(
    decoder: PocketSphinxDecoder, speak: Speak, voice: str
) -> None:
    heard = [hear(decoder, speak(sentence, voice))[1].text for sentence in SENTENCES]
    right = sum(text == sentence for text, sentence in zip(heard, SENTENCES, strict=True))
    assert right >= len(SENTENCES) - 2, heard


def test_words_come_while_the_caller_still_speaks(
    decoder: PocketSphinxDecoder, speak: Speak
) -> None:
    partials, final = hear(decoder, speak("let me talk to a consultant"))
    assert "talk" in partials[2 * len(partials) // 3]
    assert "consultant" in final.text


def test_a_reused_decoder_hears_exactly_what_a_new_one_hears(
    artefact: Path,
    decoder: PocketSphinxDecoder,
    speak: Speak,
) -> None:
    fresh = hear(decoder, speak("i forgot my pin"))
    used = PocketSphinxDecoder(artefact)
    used.reset(GrammarName.OPEN_QUESTION)
    hear(used, speak("where is my transfer", "kal16"))
    used.feed(speak("i lost my card", "slt")[: 50 * FRAME_BYTES])
    used.reset(GrammarName.OPEN_QUESTION)
    assert hear(used, speak("i forgot my pin")) == fresh


def test_nothing_said_gives_empty_words(decoder: PocketSphinxDecoder) -> None:
    assert decoder.finish() == FinalWords(text="", confidence=None)


def test_noises_and_numbers_of_pronunciations_are_no_words() -> None:
    said = "<s> my [NOISE] card(2) <sil> ++um++ [weather](2) a(3) </s>"
    assert spoken_words(said) == "my card [weather] a"


def test_a_missing_file_is_named_with_advice(artefact: Path, tmp_path: Path) -> None:
    (tmp_path / "dictionary.dict").write_bytes((artefact / "dictionary.dict").read_bytes())
    with pytest.raises(ModelUnusableError, match=r"open_question\.arpa is missing.*train"):
        PocketSphinxDecoder(tmp_path)


def test_a_damaged_language_model_is_unusable(artefact: Path, tmp_path: Path) -> None:
    (tmp_path / "dictionary.dict").write_bytes((artefact / "dictionary.dict").read_bytes())
    (tmp_path / "grammars.json").write_text("{}")
    (tmp_path / "open_question.arpa").write_text("this is no language model\n")
    with pytest.raises(ModelUnusableError, match="train it again"):
        PocketSphinxDecoder(tmp_path)


def test_a_small_grammar_hears_its_phrases_and_the_open_question_comes_back(
    decoder: PocketSphinxDecoder, speak: Speak
) -> None:
    decoder.reset(GrammarName.YES_NO)
    decoder.feed(speak("no thanks"))
    assert decoder.finish().text == "no thanks"
    decoder.reset(GrammarName.OPEN_QUESTION)
    decoder.feed(speak("i forgot my pin"))
    assert decoder.finish().text == "i forgot my pin"


def test_a_grammar_that_the_model_lacks_is_named(decoder: PocketSphinxDecoder) -> None:
    with pytest.raises(ModelUnusableError, match="no grammar 'digits'"):
        decoder.reset(GrammarName.DIGITS)


OFF_TOPIC = (
    "the weather is lovely and my dog likes the garden",
    "did you watch the football game on television last night",
    "she painted the kitchen yellow and cooked spaghetti for everybody",
)


@pytest.mark.parametrize("sentence", OFF_TOPIC)
def test_off_topic_speech_comes_out_mostly_in_brackets(
    decoder: PocketSphinxDecoder, speak: Speak, sentence: str
) -> None:
    text = hear(decoder, speak(sentence))[1].text
    assert other_speech_share(text) > 0.5, text


def test_speech_of_the_corpus_comes_out_without_brackets(
    decoder: PocketSphinxDecoder, speak: Speak
) -> None:
    heard = [hear(decoder, speak(sentence, "awb"))[1].text for sentence in SENTENCES]
    assert sum("[" in text for text in heard) <= 1, heard


def test_every_word_of_the_final_ones_has_a_confidence(
    decoder: PocketSphinxDecoder, speak: Speak
) -> None:
    final = hear(decoder, speak(SENTENCES[0]))[1]
    assert len(final.word_confidences) == len(final.text.split())
    assert all(0 <= confidence <= 1 for confidence in final.word_confidences)


def test_the_corpus_is_heard_with_more_confidence_than_other_speech(
    decoder: PocketSphinxDecoder, speak: Speak
) -> None:
    known, other = (
        [hear(decoder, speak(sentence))[1] for sentence in sentences]
        for sentences in (SENTENCES, OFF_TOPIC)
    )
    confidence = [hearing_of(final.text, final.word_confidences).confidence or 0 for final in known]
    of_other = [hearing_of(final.text, final.word_confidences).confidence or 0 for final in other]
    assert sorted(confidence)[1] > max(of_other)


def test_an_off_topic_answer_is_neither_yes_nor_no(
    decoder: PocketSphinxDecoder, speak: Speak
) -> None:
    for sentence in OFF_TOPIC:
        decoder.reset(GrammarName.YES_NO)
        text = hear(decoder, speak(sentence))[1].text
        assert other_speech_share(text) > 0.5, text


def test_noise_is_no_sentence_of_the_corpus(decoder: PocketSphinxDecoder) -> None:
    noise = np.random.default_rng(3).normal(0, 3000, 3 * 8000).astype("<i2").tobytes()
    final = hear(decoder, noise)[1]
    assert len(final.text.split()) <= 2 or other_speech_share(final.text) > 0.5, final.text
