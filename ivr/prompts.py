"""Prompts as sound files in folders: `<root>/<language>/<name>.wav`, or `.ulaw`, `.alaw`."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from ivr.errors import ConfigurationError, MisuseError
from ivr.wav import TELEPHONE_RATE_HZ, WavEncoding, read_wav, telephone_pcm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ivr.wav import WavFormat

MAX_PROMPT_SECONDS: Final = 180

_LINEAR_BITS: Final = 16
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
PROMPT_SUFFIXES: Final = (".wav", ".ulaw", ".alaw")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Tells one version of a file from the next."""

    modified_ns: int
    size_bytes: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cached:
    stamp: _Stamp
    pcm: bytes | None


class FilePromptLibrary:
    """Prompts of all languages, read from `roots` in order: the first that has a good one wins.

    Fills the port `ivr.ports.PromptLibrary`. Files are looked at on every use, so one that was
    replaced is heard from the next prompt on. Their sound (at most `MAX_PROMPT_SECONDS` each) stays
    in memory; reading one for the first time blocks as long as the disk takes: `check` at start.
    """

    def __init__(
        self, roots: Sequence[Path], *, texts: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self._roots = tuple(roots)
        self._texts = texts or {}
        self._cache: dict[Path, _Cached] = {}
        self._missing: set[tuple[str, str]] = set()

    def pcm(self, prompt: str, language: str) -> bytes | None:
        """The prompt's sound, or None when it is missing or bad (logged once a version).

        Raises `MisuseError` for a name that could lead out of the folder.
        """
        for path in self._candidates(prompt, language):
            stamp = _stamp(path)
            if stamp is None:
                self._cache.pop(path, None)
                continue
            pcm = self._read(path, stamp)
            if pcm is not None:
                self._missing.discard((language, prompt))
                return pcm
        self._tell_missing(prompt, language)
        return None

    def text(self, prompt: str, language: str) -> str:
        """What the prompt says, as `texts` (by language, then name) has it; '' when it has not."""
        return self._texts.get(language, {}).get(prompt, "")

    def check(self, prompts: Iterable[str], language: str) -> tuple[ConfigurationError, ...]:
        """Read all these prompts; everything that is wrong, each with its file and advice.

        A bad file is a problem even where a good one in a later root stands in for it.
        """
        problems: list[ConfigurationError] = []
        for prompt in prompts:
            found = [path for path in self._candidates(prompt, language) if _stamp(path)]
            if not found:
                problems.append(self._missing_problem(prompt, language))
            for path in found:
                try:
                    read_prompt(path)
                except ConfigurationError as problem:
                    problems.append(problem)
            self.pcm(prompt, language)
        return tuple(problems)

    def _candidates(self, prompt: str, language: str) -> list[Path]:
        if not (_NAME.fullmatch(prompt) and _NAME.fullmatch(language)):
            raise MisuseError(f"not a name of a prompt or language: {prompt!r}, {language!r}")
        folders = [root / language for root in self._roots]
        return [folder / f"{prompt}{suffix}" for folder in folders for suffix in PROMPT_SUFFIXES]

    def _read(self, path: Path, stamp: _Stamp) -> bytes | None:
        cached = self._cache.get(path)
        if cached is None or cached.stamp != stamp:
            cached = _Cached(stamp=stamp, pcm=self._read_or_tell(path))
            self._cache[path] = cached
        return cached.pcm

    def _read_or_tell(self, path: Path) -> bytes | None:
        try:
            return read_prompt(path)
        except ConfigurationError as error:
            log.warning("prompt unusable", file=str(path), problem=str(error), advice=error.advice)
            return None

    def _tell_missing(self, prompt: str, language: str) -> None:
        if (language, prompt) not in self._missing:
            self._missing.add((language, prompt))
            log.warning("prompt missing", prompt=prompt, language=language)

    def _missing_problem(self, prompt: str, language: str) -> ConfigurationError:
        folders = " or ".join(str(root / language) for root in self._roots)
        return ConfigurationError(
            f"the prompt '{prompt}' is missing",
            advice="Run `sternik prepare` to have it spoken, or record it as 8 kHz mono wav.",
            where=folders,
        )


def read_prompt(path: Path) -> bytes:
    """A prompt's file as 16-bit PCM, 8 kHz, mono. Raises `ConfigurationError` with advice."""
    sound = read_wav(path)
    if not _plays_on_telephone(sound.format):
        raise ConfigurationError(
            f"the prompt is {sound.format}; prompts are 8000 Hz mono, 16-bit PCM, µ-law or A-law",
            advice=f"Convert it: {_conversion(path)}",
            where=str(path),
        )
    if sound.seconds > MAX_PROMPT_SECONDS:
        raise ConfigurationError(
            f"the prompt plays for {sound.seconds:.0f} s; the limit is {MAX_PROMPT_SECONDS} s",
            advice="Cut it: no caller listens that long.",
            where=str(path),
        )
    return telephone_pcm(sound)


def _plays_on_telephone(kind: WavFormat) -> bool:
    companded = kind.encoding in {WavEncoding.MU_LAW, WavEncoding.A_LAW}
    linear = kind.encoding is WavEncoding.PCM and kind.sample_bits == _LINEAR_BITS
    return (companded or linear) and kind.channels == 1 and kind.rate_hz == TELEPHONE_RATE_HZ


def _conversion(path: Path) -> str:
    source, target = shlex.quote(str(path)), shlex.quote(str(path.with_suffix(".8k.wav")))
    return f"sox {source} -r 8000 -c 1 -b 16 -e signed {target} && mv {target} {source}"


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return _Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
