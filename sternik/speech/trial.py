"""A model opened for real, in a process of its own: a damaged one ends that process, not ours."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ivr.errors import ModelUnusableError

OUR_COMPLAINT: Final = "trial: "

_SECONDS: Final = 300.0
# Kaldi's way: ERROR (VoskAPI:Read():kaldi-matrix.cc:1620) Failed to read matrix from stream.
_COMPLAINT: Final = re.compile(r"(?:ERROR|ASSERTION_FAILED) \(.*?:\d+\) (.+)")


class HeardWord(BaseModel):
    """A word and how sure the engine was (0..1), or None where it does not say."""

    model_config = ConfigDict(frozen=True)

    word: str
    confidence: float | None


class Decoding(BaseModel):
    """What was heard of the recording; `search` says by which expectation, in a person's words."""

    model_config = ConfigDict(frozen=True)

    search: str
    words: tuple[HeardWord, ...]
    seconds: float


class TrialResult(BaseModel):
    """An opened model: time to load, memory of the process that holds it and one recogniser (PSS)."""

    model_config = ConfigDict(frozen=True)

    load_seconds: float
    memory_bytes: int
    decodings: tuple[Decoding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to try. `pcm` is 8 kHz telephone speech, or b'' to open the model only.

    For Vosk `model_folder` and `phrases` (its grammar; () for free-form only), for PocketSphinx
    `artefact_folder`.
    """

    engine: str
    model_folder: Path | None = None
    phrases: tuple[str, ...] = ()
    artefact_folder: Path | None = None
    pcm: bytes = b""


def run_trial(trial: Trial, *, seconds: float = _SECONDS) -> TrialResult:
    """Open, and decode what there is; raises `ModelUnusableError` with what the engine said."""
    where = trial.model_folder or trial.artefact_folder
    with tempfile.TemporaryDirectory(prefix="sternik-trial-") as folder:
        request = Path(folder) / "request.json"
        (Path(folder) / "speech.pcm").write_bytes(trial.pcm)
        request.write_text(_request(trial), "utf-8")
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "sternik.speech.trial_process", str(request)],
                capture_output=True,
                timeout=seconds,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise ModelUnusableError(f"{where}: not opened after {seconds:g} s") from error
    if ended.returncode:
        raise ModelUnusableError(
            f"{where} cannot be opened: {_reason(ended.returncode, ended.stderr)}; "
            "it is damaged or incomplete: fetch or copy it again"
        )
    try:
        return TypeAdapter(TrialResult).validate_json(ended.stdout.splitlines()[-1])
    except (ValidationError, IndexError) as error:
        raise ModelUnusableError(f"{where}: the trial gave no result") from error


def _request(trial: Trial) -> str:
    return json.dumps(
        {
            "engine": trial.engine,
            "model_folder": str(trial.model_folder or ""),
            "phrases": trial.phrases,
            "artefact_folder": str(trial.artefact_folder or ""),
        }
    )


def _reason(code: int, errors: bytes) -> str:
    """The engine's own complaint, else ours; and the signal, where one ended the process."""
    lines = [
        line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()
    ]
    ours = [line for line in lines if line.startswith(OUR_COMPLAINT)]
    engines = [found[1] for line in lines if (found := _COMPLAINT.match(line))]
    said = (engines or [line.removeprefix(OUR_COMPLAINT) for line in ours] or [""])[-1][:200]
    if code < 0:
        died = f"the engine died of {signal.Signals(-code).name}"
        return f"{died} ({said})" if said else died
    return said or f"exit code {code}"
