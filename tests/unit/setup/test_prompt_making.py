from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ivr.errors import ConfigurationError
from ivr.prompt_texts import read_prompt_texts
from ivr.prompts import read_prompt
from ivr.wav import write_wav
from sternik.voices import prompts as prompt_voices
from sternik.voices.prompts import (
    MadePrompts,
    make_prompts,
    prompts_voice,
    shape_prompt,
)
from tests.unit.setup.sounds import pcm16, tone, wav_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class FakeVoice:
    """Speaks a tone whose length is the text's; remembers what it was asked for."""

    remark = "for tests"

    def __init__(self, name: str = "fake:one") -> None:
        self.name = name
        self.asked: list[str] = []

    def speak(self, texts: Sequence[str]) -> list[bytes]:
        self.asked.extend(texts)
        return [pcm16(tone(0.1 * len(text))) for text in texts]


class Workshop:
    """A folder with texts, recordings and output, and the voice that `find_voice` gives."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts_file = folder / "en.yaml"
        self.recordings = folder / "en"
        self.output = folder / "made"
        self.recordings.mkdir()
        self.said: list[str] = []
        self.voice = FakeVoice()
        monkeypatch.setattr(prompt_voices, "find_voice", lambda _language: self.voice)

    def make(self, texts: str) -> MadePrompts:
        self.texts_file.write_text(texts)
        return make_prompts(
            language="en",
            texts_file=self.texts_file,
            recordings_folder=self.recordings,
            output_folder=self.output,
            say=self.said.append,
        )

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.output.iterdir())


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(tmp_path, monkeypatch)


def test_all_prompts_are_made_and_the_second_run_speaks_nothing(workshop: Workshop) -> None:
    assert workshop.make("hello: Hi\nbye: Good bye\n").made == ("hello", "bye")
    again = workshop.make("hello: Hi\nbye: Good bye\n")
    assert again.kept == ("hello", "bye")
    assert workshop.voice.asked == ["Hi", "Good bye"]
    assert workshop.files == ["bye.wav", "hello.wav", "made.json"]
    assert prompts_voice(workshop.output) == "fake:one"


def test_only_the_changed_or_missing_prompt_is_spoken_again(workshop: Workshop) -> None:
    workshop.make("a: One\nb: Two\nc: Three\n")
    (workshop.output / "c.wav").unlink()
    assert workshop.make("a: One\nb: Second\nc: Three\n").made == ("b", "c")


def test_another_voice_speaks_all_again(workshop: Workshop) -> None:
    workshop.make("a: One\n")
    workshop.voice = FakeVoice("fake:two")
    assert workshop.make("a: One\n").made == ("a",)
    assert prompts_voice(workshop.output) == "fake:two"


def test_prompt_that_left_the_file_is_removed_and_foreign_files_stay(workshop: Workshop) -> None:
    workshop.make("a: One\nb: Two\n")
    (workshop.output / "mine.wav").write_bytes(b"kept")
    workshop.make("a: One\n")
    assert workshop.files == ["a.wav", "made.json", "mine.wav"]


def test_recording_wins_and_is_taken_over_when_it_changes(workshop: Workshop) -> None:
    workshop.make("a: One\n")
    write_wav(workshop.recordings / "a.wav", b"\1\0\2\0")
    assert workshop.make("a: One\n").recorded == ("a",)
    assert read_prompt(workshop.output / "a.wav") == b"\1\0\2\0"
    write_wav(workshop.recordings / "a.wav", b"\3\0\4\0")
    workshop.make("a: One\n")
    assert read_prompt(workshop.output / "a.wav") == b"\3\0\4\0"
    (workshop.recordings / "a.wav").unlink()
    assert workshop.make("a: One\n").made == ("a",)


def test_bad_recording_is_told_and_spoken_instead(workshop: Workshop) -> None:
    (workshop.recordings / "a.wav").write_bytes(wav_bytes(b"\0\0", rate_hz=44100))
    assert workshop.make("a: One\n").made == ("a",)
    assert "44100 Hz" in workshop.said[0]


def test_damaged_manifest_means_that_all_is_made_again(workshop: Workshop) -> None:
    workshop.make("a: One\n")
    (workshop.output / "made.json").write_text("{")
    assert workshop.make("a: One\n").made == ("a",)
    (workshop.output / "made.json").write_text(json.dumps({"keys": [1]}))
    assert workshop.make("a: One\n").made == ("a",)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ("a: [", "not valid YAML"),
        ("- a", "should be"),
        ("", "should be"),
        ("../a: One", "no name of a prompt"),
        ("1: One", "should be"),
        ("a:", "valid string"),
        ("a: {b: c}", "valid string"),
        ("a: '...'", "has no text"),
        (f"a: {'x' * 1001}", "more than 1000"),
    ],
)
def test_bad_texts_are_told_with_the_file(tmp_path: Path, texts: str, words: str) -> None:
    path = tmp_path / "en.yaml"
    path.write_text(texts)
    with pytest.raises(ConfigurationError, match=words) as caught:
        read_prompt_texts(path)
    assert caught.value.where.startswith(str(path))


def test_text_over_several_lines_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "en.yaml"
    path.write_text("a: |\n  One\n  two.\n")
    assert read_prompt_texts(path) == {"a": "One two."}


def test_shaped_prompt_starts_at_once_peaks_at_minus_3_db_and_fades() -> None:
    quiet = [0.001] * 800
    shaped = np.frombuffer(shape_prompt(pcm16([*quiet, *tone(0.5, level=0.2), *quiet])), "<i2")
    samples = shaped / 32768
    assert abs(samples).max() == pytest.approx(10 ** (-3 / 20), abs=0.001)
    assert np.flatnonzero(abs(samples) > 0.1)[0] < 0.010 * 8000
    assert len(samples) == pytest.approx((0.5 + 0.008 + 0.060) * 8000, abs=20)
    assert samples[0] == samples[-1] == 0


def test_silent_voice_is_an_error_and_not_a_silent_prompt() -> None:
    with pytest.raises(ConfigurationError, match="said nothing"):
        shape_prompt(bytes(1600))
