"""The real voice programs: Flite for callers, Piper for prompts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ivr.errors import ConfigurationError
from ivr.prompts import FilePromptLibrary
from ivr.wav import write_wav
from sternik.voices.callers import SILENCE_BEFORE_MS, CallerVoice, speak_as_caller
from sternik.voices.programs import FliteVoice, PiperVoice, find_voice
from sternik.voices.prompts import make_prompts, prompts_voice

if TYPE_CHECKING:
    from pathlib import Path

PIPER = "piper:en_US-joe-medium"


@pytest.mark.parametrize("voice", CallerVoice)
def test_each_caller_speaks_after_300_ms_of_silence(voice: CallerVoice) -> None:
    pcm = speak_as_caller("someone stole my card", voice=voice, prompts_voice=PIPER)
    samples = np.frombuffer(pcm, "<i2")
    silence = 8 * SILENCE_BEFORE_MS
    assert not samples[:silence].any()
    assert 0.8 < (len(samples) - silence) / 8000 < 4
    assert abs(samples[silence:].astype(int)).max() > 3000


def test_callers_are_different_people() -> None:
    spoken = {speak_as_caller("hello", voice=voice, prompts_voice=PIPER) for voice in CallerVoice}
    assert len(spoken) == len(CallerVoice)


def test_caller_with_the_prompts_voice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="speaks the prompts too"):
        speak_as_caller("hello", voice=CallerVoice.SLT, prompts_voice=FliteVoice.name)


@pytest.mark.parametrize("text", ["", "  \n", "?!", "word " * 200])
def test_what_no_caller_would_say_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        speak_as_caller(text, voice=CallerVoice.RMS, prompts_voice=PIPER)


def test_text_that_looks_like_an_option_is_spoken() -> None:
    pcm = speak_as_caller("-o /nowhere/x", voice=CallerVoice.RMS, prompts_voice=PIPER)
    assert len(pcm) > 2 * 8 * SILENCE_BEFORE_MS


def test_missing_flite_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="flite") as caught:
        speak_as_caller("hello", voice=CallerVoice.RMS, prompts_voice=PIPER)
    assert "make setup" in caught.value.advice


def test_piper_speaks_english_prompts_in_order_and_is_never_imported(tmp_path: Path) -> None:
    assert isinstance(find_voice("en"), PiperVoice)
    texts = {"long": "Welcome to the bank. Tell me what you need today, please.", "short": "Yes."}
    (tmp_path / "en.yaml").write_text("".join(f"{name}: {texts[name]}\n" for name in texts))
    made = make_prompts(
        language="en",
        texts_file=tmp_path / "en.yaml",
        recordings_folder=tmp_path / "recordings",
        output_folder=tmp_path / "made" / "en",
        say=lambda _line: None,
    )
    assert made.made == ("long", "short")
    assert prompts_voice(tmp_path / "made" / "en") == PIPER
    library = FilePromptLibrary([tmp_path / "made"])
    assert library.check(texts, "en") == ()
    sounds = {name: np.frombuffer(library.pcm(name, "en") or b"", "<i2") for name in texts}
    assert len(sounds["long"]) > 2 * len(sounds["short"]) > 0
    for samples in sounds.values():
        assert first_sound_ms(samples) < 20
        assert abs(samples.astype(int)).max() == pytest.approx(32768 * 10 ** (-3 / 20), rel=0.01)
    assert "piper" not in sys.modules


def first_sound_ms(samples: np.ndarray) -> float:
    loud = abs(samples.astype(int)) > 32768 * 10 ** (-43 / 20)
    return float(np.flatnonzero(loud)[0]) / 8


def test_without_piper_flite_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sternik.voices.programs._piper_model", lambda: None)
    voice = find_voice("en")
    assert voice.name == "flite:slt"
    assert "less natural" in voice.remark
    (pcm,) = voice.speak(["Welcome"])
    assert len(pcm) > 4000


def test_language_that_nothing_speaks_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="no program that speaks 'pl'"):
        find_voice("pl")


def test_caller_can_be_kept_as_a_wav_file(tmp_path: Path) -> None:
    pcm = speak_as_caller("hello", voice=CallerVoice.AWB, prompts_voice=PIPER)
    (tmp_path / "en").mkdir()
    write_wav(tmp_path / "en" / "caller.wav", pcm)
    assert FilePromptLibrary([tmp_path]).pcm("caller", "en") == pcm
