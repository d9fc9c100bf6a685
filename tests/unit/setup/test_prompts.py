from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from ivr.errors import ConfigurationError, MisuseError
from ivr.prompts import FilePromptLibrary, read_prompt
from tests.unit.setup.sounds import pcm16, tone, wav_bytes

if TYPE_CHECKING:
    from ivr.ports import PromptLibrary

HELLO = b"\1\0\2\0\3\0"
OTHER = b"\4\0\5\0\6\0"


def put(root: Path, name: str, blob: bytes, language: str = "en") -> Path:
    path = root / language / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(blob)
    return path


def test_prompt_is_found_by_language_and_name(tmp_path: Path) -> None:
    put(tmp_path, "hello.wav", wav_bytes(HELLO))
    put(tmp_path, "hello.wav", wav_bytes(OTHER), language="pl")
    library: PromptLibrary = FilePromptLibrary([tmp_path])
    assert library.pcm("hello", "en") == HELLO
    assert library.pcm("hello", "pl") == OTHER


def test_earlier_root_wins(tmp_path: Path) -> None:
    put(tmp_path / "recorded", "hello.wav", wav_bytes(HELLO))
    put(tmp_path / "made", "hello.wav", wav_bytes(OTHER))
    library = FilePromptLibrary([tmp_path / "recorded", tmp_path / "made"])
    assert library.pcm("hello", "en") == HELLO


def test_bad_recording_gives_way_to_the_made_prompt(tmp_path: Path) -> None:
    put(tmp_path / "recorded", "hello.wav", b"damaged")
    put(tmp_path / "made", "hello.wav", wav_bytes(OTHER))
    library = FilePromptLibrary([tmp_path / "recorded", tmp_path / "made"])
    with capture_logs() as logs:
        assert library.pcm("hello", "en") == OTHER
        assert library.pcm("hello", "en") == OTHER
    assert [entry["event"] for entry in logs] == ["prompt unusable"]


def test_missing_prompt_is_none_and_logged_once(tmp_path: Path) -> None:
    library = FilePromptLibrary([tmp_path])
    with capture_logs() as logs:
        assert library.pcm("hello", "en") is None
        assert library.pcm("hello", "en") is None
    assert [(entry["event"], entry["prompt"]) for entry in logs] == [("prompt missing", "hello")]


def test_replaced_file_is_heard_from_the_next_use_on(tmp_path: Path) -> None:
    path = put(tmp_path, "hello.wav", wav_bytes(HELLO))
    library = FilePromptLibrary([tmp_path])
    assert library.pcm("hello", "en") == HELLO
    replacement = put(tmp_path, "new.wav", wav_bytes(OTHER))
    replacement.replace(path)
    assert library.pcm("hello", "en") == OTHER


def test_file_rewritten_in_place_with_the_same_size_is_noticed_by_its_time(tmp_path: Path) -> None:
    path = put(tmp_path, "hello.wav", wav_bytes(HELLO))
    library = FilePromptLibrary([tmp_path])
    library.pcm("hello", "en")
    path.write_bytes(wav_bytes(OTHER))
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1_000_000))
    assert library.pcm("hello", "en") == OTHER


def test_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = put(tmp_path, "hello.wav", wav_bytes(HELLO))
    library = FilePromptLibrary([tmp_path])
    library.pcm("hello", "en")
    stamp = path.stat().st_mtime_ns
    path.write_bytes(wav_bytes(OTHER))
    os.utime(path, ns=(stamp, stamp))
    assert library.pcm("hello", "en") == HELLO


def test_removed_file_is_missing_and_back_again_is_heard(tmp_path: Path) -> None:
    path = put(tmp_path, "hello.wav", wav_bytes(HELLO))
    library = FilePromptLibrary([tmp_path])
    library.pcm("hello", "en")
    path.unlink()
    assert library.pcm("hello", "en") is None
    put(tmp_path, "hello.ulaw", b"\x80\x80")
    assert library.pcm("hello", "en") == (32124).to_bytes(2, "little") * 2


@pytest.mark.parametrize("name", ["../secret", "a/b", "", ".hidden", "a\0b", "x" * 200])
def test_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    library = FilePromptLibrary([tmp_path])
    with pytest.raises(MisuseError):
        library.pcm(name, "en")
    with pytest.raises(MisuseError):
        library.pcm("hello", name)


def test_wrong_rate_names_the_file_what_it_is_and_the_command_that_mends_it(tmp_path: Path) -> None:
    samples = pcm16(tone(0.1, rate_hz=44100)) * 2
    path = put(tmp_path, "my hello.wav", wav_bytes(samples, rate_hz=44100, channels=2))
    with pytest.raises(ConfigurationError) as caught:
        read_prompt(path)
    assert caught.value.where == str(path)
    assert "44100 Hz stereo, 16-bit PCM" in caught.value.problem
    assert f"sox '{path}' -r 8000 -c 1 -b 16" in caught.value.advice


def test_prompt_that_plays_for_ever_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "long.wav", wav_bytes(bytes(16000 * 181)))
    with pytest.raises(ConfigurationError, match="plays for 181 s"):
        read_prompt(path)


def test_check_tells_all_problems_at_once(tmp_path: Path) -> None:
    put(tmp_path, "good.wav", wav_bytes(HELLO))
    put(tmp_path, "fast.wav", wav_bytes(HELLO, rate_hz=16000))
    put(tmp_path, "broken.wav", b"damaged")
    problems = FilePromptLibrary([tmp_path]).check(["good", "fast", "broken", "gone"], "en")
    assert [Path(problem.where).name for problem in problems] == ["fast.wav", "broken.wav", "en"]
    assert all(problem.advice for problem in problems)
