"""The seam of engines: what a recogniser process needs of PocketSphinx, Vosk or the next one.

An engine is one file. `ivr/models/<name>_engine.py` offers `ENGINE`, a `RecogniserEngine`; it is found
by its name, so nothing else has to know of it. An engine that lives elsewhere is named by its module
with dots (`bank.ears.whisper_engine`). Importing that module must be cheap and load no native code:
the program that owns the calls imports it too, for the plan and the description. Only `load`, in the
recogniser process, loads the engine itself.
"""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ivr.errors import ConfigurationError

if TYPE_CHECKING:
    from ivr.ports import FinalWords, GrammarName, RecogniserDescription

_SHORT_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Which engine listens, and with what.

    `language_model` is the version of the artefact in `artefact_folder`. `acoustic_model_folder` is
    None for an engine that brings its own. `free_form` asks for the engine's general language model
    instead of the corpus's phrases, where it has one. `threads` decode in one process; 0 for as many
    as the engine plans.
    """

    engine: str
    artefact_folder: Path
    language: str
    language_model: str
    acoustic_model_folder: Path | None = None
    free_form: bool = False
    threads: int = 0

    def to_json(self) -> str:
        """As one argument of a recogniser process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, written: str) -> EngineOptions:
        """What `to_json` wrote."""
        fields = json.loads(written)
        acoustic = fields["acoustic_model_folder"]
        fields["artefact_folder"] = Path(fields["artefact_folder"])
        fields["acoustic_model_folder"] = None if acoustic is None else Path(acoustic)
        return cls(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlan:
    """How an engine is spread over a machine: processes, and threads and callers in each.

    `single_process` says that a second process is never worth its memory, whoever asks for it.
    """

    max_processes: int
    threads: int
    sessions_per_process: int
    single_process: bool = False


class RecogniserDecoder(Protocol):
    """Hears one caller at a time, on any thread but one at a time; made for reuse after `reset`."""

    def reset(self, grammar: GrammarName) -> None:
        """Drop what was heard, forget the caller and expect `grammar`; raises `ModelUnusableError`."""
        ...

    def feed(self, pcm: bytes) -> str:
        """Hear speech (8 kHz, 16-bit, whole samples); returns the words of the utterance so far."""
        ...

    def finish(self) -> FinalWords:
        """End the utterance; '' when nothing was heard. The next `feed` begins another."""
        ...


class LoadedEngine(Protocol):
    """An engine with its models in memory, inside a recogniser process."""

    @property
    def note(self) -> str:
        """What an administrator should know of the models, in one line; '' for nothing."""
        ...

    def build_decoder(self) -> RecogniserDecoder:
        """One more decoder. Threads may build at once where the plan has more than one."""
        ...


class RecogniserEngine(Protocol):
    """What an engine's module offers as `ENGINE`."""

    def plan(self, options: EngineOptions, cores: int) -> EnginePlan:
        """How to spread it over `cores`."""
        ...

    def describe(self, options: EngineOptions) -> RecogniserDescription:
        """What is stored with every call it heard."""
        ...

    def load(self, options: EngineOptions) -> LoadedEngine:
        """Load the models, which may take seconds; raises `ModelUnusableError` with what to do."""
        ...


def find_engine(name: str) -> RecogniserEngine:
    """The engine of this name (`vosk`) or module (`bank.ears.whisper_engine`).

    Raises `ConfigurationError` when there is none.
    """
    if _SHORT_NAME.fullmatch(name):
        module_name = f"{__package__}.{name}_engine"
    elif _MODULE.fullmatch(name):
        module_name = name
    else:
        raise _no_engine(name, "is no name of an engine")
    try:
        return cast("RecogniserEngine", importlib.import_module(module_name).ENGINE)
    except ModuleNotFoundError as error:
        raise _no_engine(name, f"no such engine ({error})") from error
    except AttributeError as error:
        raise _no_engine(name, f"{module_name} has no ENGINE") from error


def _no_engine(name: str, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name[:80]!r}: {problem}",
        advice="name pocketsphinx, vosk, or the module (with dots) of an engine of your own",
    )
