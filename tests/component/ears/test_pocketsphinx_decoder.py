from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from spoken_sentences import SENTENCES

from ivr.errors import ModelUnusableError
from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder, spoken_words
from ivr.ports import FRAME_BYTES, FinalWords, GrammarName

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
    assert spoken_words("<s> my [NOISE] card(2) <sil> ++um++ a(3) </s>") == "my card a"


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
