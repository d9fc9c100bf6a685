"""Callers' voices for demonstrations and tests: Flite, run as a program."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from ivr.errors import ConfigurationError
from ivr.wav import TELEPHONE_RATE_HZ, read_wav, telephone_pcm
from sternik.voices.caller_voice import CallerVoice

__all__ = ["CallerVoice", "flite_pcm", "speak_as_caller"]

SILENCE_BEFORE_MS: Final = 300

_MAX_TEXT_CHARACTERS: Final = 500
_TIMEOUT_SECONDS: Final = 30


def speak_as_caller(text: str, *, voice: CallerVoice, prompts_voice: str) -> bytes:
    """A caller's sentence as 16-bit PCM, 8 kHz, mono, after 300 ms of silence.

    `prompts_voice` is what `sternik.voices.prompts` says speaks the prompts: a caller with the same
    voice would prove nothing. Blocks for some 0.2 s. Raises `ConfigurationError`.
    """
    if prompts_voice == f"flite:{voice}":
        raise ConfigurationError(
            f"the voice '{voice}' speaks the prompts too", advice="Choose another caller's voice."
        )
    silence = bytes(2 * TELEPHONE_RATE_HZ * SILENCE_BEFORE_MS // 1000)
    return silence + flite_pcm(_checked(text), voice)


def flite_pcm(text: str, voice: str) -> bytes:
    """What Flite says, as 16-bit PCM, 8 kHz, mono. Raises `ConfigurationError`."""
    if shutil.which("flite") is None:
        raise ConfigurationError(
            "the program 'flite', which speaks for callers, is not installed",
            advice="Run `make setup`, or install the Debian package flite.",
        )
    with tempfile.TemporaryDirectory(prefix="sternik-flite-") as folder:
        wav = Path(folder) / "speech.wav"
        command = ["flite", "-voice", voice, "-t", text, "-o", str(wav)]
        _run(command)
        return telephone_pcm(read_wav(wav))


def _checked(text: str) -> str:
    words = " ".join(text.split())
    if not any(character.isalnum() for character in words):
        raise ConfigurationError("there is nothing to say", advice="Give a sentence with words.")
    if len(words) > _MAX_TEXT_CHARACTERS:
        raise ConfigurationError(
            f"the sentence has {len(words)} characters; a caller says at most "
            f"{_MAX_TEXT_CHARACTERS}",
            advice="Shorten it.",
        )
    return words


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            f"flite did not finish within {_TIMEOUT_SECONDS} s", advice="Try a shorter sentence."
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise ConfigurationError(f"flite failed: {said}") from error
