"""Speech to measure with: sentences by several voices, a telephone line, real noise, the voice gate.

What comes out is what a recogniser gets in a call: 8 kHz, 16 bit, once through G.711 µ-law, gated.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.wav import float_from_pcm, read_wav, telephone_pcm
from sternik.voices.callers import flite_pcm
from sternik.voices.programs import find_voice
from sternik.voices.telephone_line import (
    LEVEL_DBOV,
    LINE_NOISE_DBOV,
    SECONDS_AFTER,
    SECONDS_BEFORE,
    active_level,
    at_level,
    gated,
    on_the_line,
    through_mu_law,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sternik.voices.telephone_line import Samples

__all__ = [
    "LEVEL_DBOV",
    "LINE_NOISE_DBOV",
    "SECONDS_AFTER",
    "SECONDS_BEFORE",
    "Noises",
    "SpeechCache",
    "Spoken",
    "active_level",
    "at_level",
    "available_voices",
    "gated",
    "on_the_line",
    "read_speech",
    "through_mu_law",
]

FLITE_VOICES = ("rms", "awb", "slt", "kal16")
PIPER_VOICE = "joe"
VOICES = (PIPER_VOICE, *FLITE_VOICES)

_PIPER_TEXTS_AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A sentence as written (no digits) and the voice that says it."""

    voice: str
    text: str


class SpeechCache:
    """What voices said, kept in a folder as 8 kHz PCM by hash of voice and text."""

    def __init__(self, folder: Path = Path("var/benchmarks/speech")) -> None:
        self._folder = folder

    def prepare(self, spoken: Iterable[Spoken], progress: Callable[[int], None]) -> None:
        """Have all that is missing spoken, on all cores; `progress` is told how many more are there.

        Raises `ConfigurationError` when a voice's program is missing or fails.
        """
        wanted = list(dict.fromkeys(spoken))
        missing = [one for one in wanted if not self._path(one).exists()]
        progress(len(wanted) - len(missing))
        self._folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(os.cpu_count()) as threads:  # each waits for a program
            jobs = [threads.submit(self._speak, batch) for batch in _batches(missing)]
            try:
                for job in as_completed(jobs):
                    progress(job.result())
            finally:
                _cancel(jobs)

    def pcm(self, spoken: Spoken) -> bytes:
        """8 kHz 16-bit PCM of a sentence that was prepared."""
        return self._path(spoken).read_bytes()

    def _speak(self, batch: Sequence[Spoken]) -> int:
        if batch[0].voice == PIPER_VOICE:
            sounds = find_voice("en").speak([one.text for one in batch])
        else:
            sounds = [flite_pcm(one.text, one.voice) for one in batch]
        for one, sound in zip(batch, sounds, strict=True):
            path = self._path(one)
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_bytes(sound)
            unfinished.replace(path)
        return len(batch)

    def _path(self, spoken: Spoken) -> Path:
        name = hashlib.sha256(f"{spoken.voice}\n{spoken.text}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.pcm"


def available_voices() -> tuple[str, ...]:
    """Those of `VOICES` that this machine has."""
    piper = (PIPER_VOICE,) if find_voice("en").name.endswith("joe-medium") else ()
    return (*piper, *(FLITE_VOICES if shutil.which("flite") else ()))


def _batches(spoken: Sequence[Spoken]) -> Iterator[Sequence[Spoken]]:
    piper = [one for one in spoken if one.voice == PIPER_VOICE]
    for start in range(0, len(piper), _PIPER_TEXTS_AT_ONCE):
        yield piper[start : start + _PIPER_TEXTS_AT_ONCE]
    yield from ([one] for one in spoken if one.voice != PIPER_VOICE)


def _cancel(jobs: Iterable[Future[int]]) -> None:
    for job in jobs:
        job.cancel()


def read_speech(path: Path) -> bytes:
    """A recording of any rate as 8 kHz PCM; raises `ConfigurationError` when it is no sound."""
    return telephone_pcm(read_wav(path))


class Noises:
    """Recorded noises, each without its constant part; the same speech always gets the same one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._noises = {path.stem: float_from_pcm(read_speech(path)) for path in paths}

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._noises)

    def samples(self, name: str) -> Samples:
        """One noise, -1..1."""
        return self._noises[name]

    def pick(self, spoken: Spoken) -> tuple[str, int]:
        """Name and first sample of the noise under this sentence."""
        digest = hashlib.sha256(f"{spoken.voice}\n{spoken.text}\nnoise".encode()).digest()
        name = self.names[int.from_bytes(digest[:4], "big") % len(self._noises)]
        return name, int.from_bytes(digest[4:8], "big") % len(self._noises[name])
