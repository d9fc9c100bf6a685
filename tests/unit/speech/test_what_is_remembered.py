from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from sternik.speech.failed_attempts import REMEMBERED_SECONDS, FailedAttempts
from sternik.speech.remembered import RememberedEars, forget, read_remembered, remember


def test_a_choice_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    assert read_remembered(tmp_path, "en") is None
    chosen = RememberedEars(engine="vosk", model_folder=Path("/srv/models/m"))
    remember(tmp_path, "en", chosen)
    assert read_remembered(tmp_path, "en") == chosen
    assert read_remembered(tmp_path, "pl") is None
    forget(tmp_path, "en")
    forget(tmp_path, "en")
    assert read_remembered(tmp_path, "en") is None


@pytest.mark.parametrize("content", ["", "vosk", "{}", '{"engine": 5}', '{"engine": "v", "x": 1}'])
def test_a_choice_that_cannot_be_read_is_told_with_a_way_out(tmp_path: Path, content: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "speech.json").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        read_remembered(tmp_path, "en")
    assert "sternik speech use en auto" in caught.value.advice


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be kept"):
        remember(tmp_path / "file", "en", RememberedEars(engine="pocketsphinx"))


def test_a_failure_is_remembered_for_an_hour_and_for_its_list_only(tmp_path: Path) -> None:
    clock = [1000.0]
    attempts = FailedAttempts(tmp_path / "speech", now=lambda: clock[0])
    attempts.record("en", list_url="http://a", reason="it slept")
    recent = attempts.recent("en", "http://a")
    assert recent is not None
    assert recent.reason == "it slept"
    assert attempts.recent("pl", "http://a") is None
    assert attempts.recent("en", "http://b") is None
    clock[0] += REMEMBERED_SECONDS
    assert attempts.recent("en", "http://a") is None
    clock[0] = 0.0
    assert attempts.recent("en", "http://a") is None, "a clock that was set back"


def test_a_fetched_model_makes_the_failure_forgotten(tmp_path: Path) -> None:
    attempts = FailedAttempts(tmp_path)
    attempts.record("en", list_url="http://a", reason="it slept")
    attempts.clear("en")
    attempts.clear("en")
    assert attempts.recent("en", "http://a") is None


def test_a_disk_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    attempts = FailedAttempts(tmp_path / "file")
    attempts.record("en", list_url="http://a", reason="it slept")
    assert attempts.recent("en", "http://a") is None
