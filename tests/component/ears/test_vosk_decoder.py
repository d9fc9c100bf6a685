from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from korean import INSURANCE, NO, RATES, SPOKEN, YES, write_artefact

from ivr.models.vosk_phrases import UNKNOWN, read_expectations
from ivr.ports import FRAME_BYTES, FinalWords, GrammarName

if TYPE_CHECKING:
    from korean import SpeakKorean

    from ivr.models.vosk_decoder import LoadedVosk, VoskDecoder

OPEN = GrammarName.OPEN_QUESTION
PAUSE = bytes(75 * FRAME_BYTES)


@pytest.fixture
def decoder(loaded_korean: LoadedVosk) -> VoskDecoder:
    return loaded_korean.build_decoder()


def expecting(loaded: LoadedVosk, folder: Path) -> VoskDecoder:
    """A decoder for another artefact, without loading the model again."""
    expectations = read_expectations(
        folder, lambda word: loaded.model.vosk_model_find_word(word) >= 0
    )
    return replace(loaded, expectations=expectations).build_decoder()


def hear(
    decoder: VoskDecoder, pcm: bytes, step_bytes: int = FRAME_BYTES
) -> tuple[list[str], FinalWords]:
    partials = [
        decoder.feed(pcm[start : start + step_bytes]) for start in range(0, len(pcm), step_bytes)
    ]
    return partials, decoder.finish()


@pytest.mark.parametrize("phrase", SPOKEN)
def test_phrases_are_heard_right_with_a_confidence_for_each_word(
    decoder: VoskDecoder, speak_korean: SpeakKorean, phrase: str
) -> None:
    _, final = hear(decoder, speak_korean(phrase))
    assert final.text == phrase
    assert len(final.word_confidences) == len(phrase.split())
    assert all(0.5 < confidence <= 1 for confidence in final.word_confidences)
    assert final.confidence is not None
    assert 0.5 < final.confidence <= 1


def test_words_come_while_the_caller_still_speaks(
    decoder: VoskDecoder, speak_korean: SpeakKorean
) -> None:
    partials, _ = hear(decoder, speak_korean(RATES))
    assert "환율" in partials[3 * len(partials) // 4]
    assert len(dict.fromkeys(partials)) >= 3


def test_an_utterance_with_a_pause_inside_is_one_with_all_its_confidences(
    decoder: VoskDecoder, speak_korean: SpeakKorean
) -> None:
    said = speak_korean(INSURANCE) + PAUSE + speak_korean(RATES)
    for step_bytes in (FRAME_BYTES, len(said)):
        partials, final = hear(decoder, said, step_bytes)
        assert final.text == f"{INSURANCE} {RATES}"
        assert len(final.word_confidences) == 5
        assert partials[-1].startswith(INSURANCE)


def test_words_before_a_pause_stay_in_the_partials_after_it(
    decoder: VoskDecoder, speak_korean: SpeakKorean
) -> None:
    before = speak_korean(INSURANCE) + PAUSE
    partials, _ = hear(decoder, before + speak_korean(RATES))
    after_pause = partials[len(before) // FRAME_BYTES :]
    assert all(partial.startswith(INSURANCE) for partial in after_pause)


def test_a_reused_decoder_hears_exactly_what_a_new_one_hears(
    loaded_korean: LoadedVosk, decoder: VoskDecoder, speak_korean: SpeakKorean
) -> None:
    fresh = hear(decoder, speak_korean(RATES))
    used = loaded_korean.build_decoder()
    hear(used, speak_korean(INSURANCE) + PAUSE)  # ends right at Vosk's own endpoint
    assert hear(used, speak_korean(RATES)) == fresh
    used.feed(speak_korean(INSURANCE)[: 40 * FRAME_BYTES])
    used.reset(GrammarName.YES_NO)
    used.feed(speak_korean(NO)[: 40 * FRAME_BYTES])
    used.reset(OPEN)
    assert hear(used, speak_korean(RATES)) == fresh


def test_nothing_said_gives_empty_words(decoder: VoskDecoder) -> None:
    nothing = FinalWords(text="", confidence=None)
    assert decoder.finish() == nothing
    assert hear(decoder, PAUSE)[1] == nothing


def test_a_small_grammar_hears_its_phrases_and_the_open_question_comes_back(
    decoder: VoskDecoder, speak_korean: SpeakKorean
) -> None:
    decoder.reset(GrammarName.YES_NO)
    assert [hear(decoder, speak_korean(word))[1].text for word in (YES, NO)] == [YES, NO]
    assert set(hear(decoder, speak_korean(RATES))[1].text.split()) <= {YES, NO}
    decoder.reset(OPEN)
    assert hear(decoder, speak_korean(RATES))[1].text == RATES


def test_a_grammar_that_the_artefact_lacks_is_heard_as_the_open_question(
    decoder: VoskDecoder, speak_korean: SpeakKorean
) -> None:
    decoder.reset(GrammarName.DIGITS)
    assert hear(decoder, speak_korean(INSURANCE))[1].text == INSURANCE


def test_without_a_grammar_words_outside_the_corpus_are_in_brackets(
    loaded_korean: LoadedVosk, tmp_path: Path, speak_korean: SpeakKorean
) -> None:
    narrow = write_artefact(tmp_path / "a", phrases=(YES, NO))
    free = expecting(replace(loaded_korean, free_form=True), narrow)
    _, final = hear(free, speak_korean(RATES))
    assert final.text
    assert all(word.startswith("[") for word in final.text.split() if word not in (YES, NO))
    assert any(word.startswith("[") for word in final.text.split())


def test_other_speech_is_heard_as_such_instead_of_as_words_of_the_corpus(
    loaded_korean: LoadedVosk, tmp_path: Path, speak_korean: SpeakKorean
) -> None:
    folder = write_artefact(tmp_path / "a", phrases=(YES, NO), other_speech=("보험", "가입", YES))
    decoder = expecting(loaded_korean, folder)
    partials, final = hear(decoder, speak_korean(INSURANCE))
    assert final.text == "[보험] [가입]"
    assert partials[-1] == "[보험] [가입]"
    assert len(final.word_confidences) == 2
    assert hear(decoder, speak_korean(YES))[1].text == YES


def test_the_korean_model_lacks_the_unknown_word_so_no_grammar_has_it(
    loaded_korean: LoadedVosk,
) -> None:
    assert loaded_korean.model.vosk_model_find_word(UNKNOWN) < 0
    assert UNKNOWN not in loaded_korean.expectations.of(OPEN).phrases


def test_words_that_the_model_lacks_are_left_out_and_told(
    loaded_korean: LoadedVosk,
    tmp_path: Path,
    speak_korean: SpeakKorean,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = write_artefact(tmp_path / "a", phrases=(YES, NO, f"쀍쀍쀍 {INSURANCE}"))
    knows_word = loaded_korean.model.vosk_model_find_word
    expectations = read_expectations(folder, lambda word: knows_word(word) >= 0)
    loaded = replace(loaded_korean, expectations=expectations)
    assert loaded.note == "the speech model lacks 1 words of the corpus: 쀍쀍쀍"
    assert hear(loaded.build_decoder(), speak_korean(INSURANCE))[1].text == INSURANCE
    assert capfd.readouterr().err == ""
