from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ivr.errors import ConfigurationError
from sternik import cli
from sternik.rehearsal.server_process import environment
from sternik.settings import Settings, load_settings


def test_settings_are_listed_with_secrets_and_passwords_masked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STERNIK_AMI_SECRET", "hush-hush")
    monkeypatch.setenv("STERNIK_DATABASE_URL", "postgresql+asyncpg://sternik:p@ss:wörd@db/sternik")
    shown = CliRunner(env={"COLUMNS": "250"}).invoke(cli.app, ["settings"])
    assert shown.exit_code == 0
    for name in Settings.model_fields:
        assert f"STERNIK_{name.upper()}" in shown.output
    for secret in ("hush", "p@ss", "wörd"):
        assert secret not in shown.output
    assert load_settings().shown("database_url").startswith("postgresql+asyncpg://sternik:***")
    assert (
        load_settings(database_url="sqlite+aiosqlite:///var/a:b@c").shown("database_url")
        == "sqlite+aiosqlite:///var/a:b@c"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STERNIK_AGI_PORT", "70000"),
        ("STERNIK_LANGUAGE", "English"),
        ("STERNIK_HEARTBEAT_LIMIT_SECONDS", "never"),
        ("STERNIK_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_setting_is_told_with_its_variable_and_advice(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert variable in caught.value.problem
    assert "sternik settings" in caught.value.advice


def test_settings_reach_another_process_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(ami_secret="a b'c\"$", agi_port=1234, store_partial_words=True)
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_a_problem_is_told_in_plain_words_with_advice_and_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sternik", "say"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert "sternik: nothing to say" in told
    assert 'sternik say "I forgot my PIN"' in told
    assert "Traceback" not in told


def test_parent_of_a_serving_program_carries_no_library_that_it_does_not_use() -> None:
    """The program that `serve` runs in is there as long as calls are; each of these takes 5 to 20 MB."""
    heavy = ["numpy", "sqlalchemy", "alembic", "sklearn", "scipy", "pocketsphinx", "vosk"]
    code = f"import sternik.cli, sys; print(sorted(set({heavy}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30
    )
    assert found.stdout.strip() == "[]"
