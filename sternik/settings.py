"""Settings: from the environment (`STERNIK_…`) or a `.env` file; every one has a sensible default."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ivr.errors import ConfigurationError
from sternik.cache import cache_folder

_PASSWORD_IN_URL = re.compile(r"(://[^/@:]*:).*(@)")


class Settings(BaseSettings):
    """What differs from site to site. Folders are relative to where the program is started."""

    model_config = SettingsConfigDict(
        env_prefix="STERNIK_", env_file=".env", extra="ignore", frozen=True
    )

    language: str = Field("en", pattern="^[a-z]{2}$", description="the caller's language")
    region: str = Field(
        "PL", pattern="^[A-Z]{2}$", description="country of numbers dialled without a prefix"
    )

    agi_host: str = Field("127.0.0.1", description="where Asterisk reaches us for FastAGI")
    agi_port: int = Field(4573, ge=0, le=65535)
    audiosocket_host: str = Field("127.0.0.1", description="named to Asterisk call by call")
    audiosocket_port: int = Field(0, ge=0, le=65535, description="0: any free port")

    sip_host: str = Field("127.0.0.1", description="where `sternik call` and `demo` reach Asterisk")
    sip_port: int = Field(5160, ge=1, le=65535)
    rtp_start: int = Field(
        21000, ge=1024, le=64000, description="first of the demo's 1000 RTP ports"
    )

    ami_host: str = "127.0.0.1"
    ami_port: int = Field(5138, ge=0, le=65535, description="0: do not read queue events")
    ami_user: str = "sternik"
    ami_secret: SecretStr = SecretStr("")

    database_url: str = "sqlite+aiosqlite:///var/sternik.sqlite3"
    corpus_folder: Path = Field(
        Path("training/corpus"),
        description="what `sternik train` reads; test sets in its `held_out`",
    )
    models_folder: Path = Path("var/models")
    prompts_folder: Path = Path("var/prompts")
    dialplan_folder: Path = Path("dialplan")
    policy_file: Path = Path("dialplan/steering.yaml")

    speech_engine: str = Field(
        "auto",
        pattern=r"^[A-Za-z_][\w.]*$",
        description="who listens: auto, vosk, pocketsphinx, or the name of an engine of your own",
    )
    speech_model: str = Field(
        "",
        description="a Vosk model's folder or name, for the caller's language; empty: look for one",
    )
    speech_free_form: bool = Field(
        False,
        description="let Vosk hear all words it knows instead of the corpus's; costs far more",
    )
    speech_folder: Path = Field(
        default_factory=lambda: cache_folder() / "speech",
        description="where fetched models are kept",
    )
    speech_list_url: str = Field(
        "https://alphacephei.com/vosk/models/model-list.json",
        pattern="^(https?://.+)?$",
        description="Vosk's list of models; empty: never ask the network",
    )

    recogniser_processes: int = Field(
        0, ge=0, le=256, description="at most this many; 0: as many as the engine makes use of"
    )
    sessions_per_process: int = Field(
        0, ge=0, le=200, description="callers one process hears; 0: as many as suits the engine"
    )

    store_partial_words: bool = Field(
        False, description="keep the words as they come, not only the finished utterance"
    )
    show_personal_data: bool = Field(False, description="numbers and words readable in logs")
    log_json: bool = False
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")

    heartbeat_limit_seconds: float = Field(
        1.0, ge=0.2, le=60, description="a worker silent for longer is ended and replaced"
    )
    drain_seconds: float = Field(
        5.0, ge=0, le=600, description="how long a stopping worker lets its calls finish"
    )

    def shown(self, name: str) -> str:
        """A setting's value as it may be shown: secrets and passwords are masked."""
        value = str(getattr(self, name))
        return _PASSWORD_IN_URL.sub(r"\1**********\2", value)


def load_settings(**overrides: object) -> Settings:
    """The settings in force; a wrong value raises `ConfigurationError` naming variable and reason."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # checked by pydantic
    except ValidationError as cause:
        problems = "; ".join(
            f"STERNIK_{'_'.join(str(part) for part in error['loc']).upper()}: {error['msg']}"
            for error in cause.errors()
        )
        raise ConfigurationError(
            problems, advice="see `sternik settings` for every setting, its default and meaning"
        ) from cause
