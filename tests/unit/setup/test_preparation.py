from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from ivr.errors import ConfigurationError
from sternik import preparation
from sternik.settings import Settings
from sternik.voices.prompts import MadePrompts


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "dialplan" / "prompts"
    folder.mkdir(parents=True)
    for language in ("en", "pl"):
        (folder / f"{language}.yaml").write_text("greeting: x\n", encoding="utf-8")
    return Settings(dialplan_folder=tmp_path / "dialplan", prompts_folder=tmp_path / "made")


def only(spoken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a machine on which one language can be spoken."""

    def make_prompts(*, language: str, **_: object) -> MadePrompts:
        if language != spoken:
            raise ConfigurationError(f"no program speaks {language!r}", advice="Install one.")
        return MadePrompts(made=("greeting",), kept=(), recorded=(), voice="tester")

    monkeypatch.setattr(preparation, "make_prompts", make_prompts)


def test_a_language_not_in_service_that_nothing_can_speak_is_told_and_left(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("en", monkeypatch)
    sink = io.StringIO()
    preparation.make_all_prompts(settings, Console(file=sink, width=200))
    said = sink.getvalue()
    assert "1 prompts in en by tester" in said
    assert "no prompts in pl: no program speaks 'pl'. Install one." in said


def test_the_language_in_service_must_be_spoken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("pl", monkeypatch)
    with pytest.raises(ConfigurationError, match="speaks 'en'"):
        preparation.make_all_prompts(settings, Console(file=io.StringIO()))
