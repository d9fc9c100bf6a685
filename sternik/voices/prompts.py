"""Prompts spoken at build time: the text of a YAML file becomes 8 kHz wav files.

Piper is GPL and only ever run as a program, never imported. Where it is missing, Flite (English) or
espeak-ng speaks. A good recording of the same name always wins over a voice.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ivr.errors import ConfigurationError
from ivr.prompt_texts import is_prompt_name, read_prompt_texts
from ivr.prompts import PROMPT_SUFFIXES, read_prompt
from ivr.wav import TELEPHONE_RATE_HZ, float_from_pcm, pcm_from_float, write_wav
from sternik.voices.programs import find_voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sternik.voices.programs import PromptVoice

_PEAK: Final = 10 ** (-3 / 20)
_AUDIBLE: Final = 10 ** (-40 / 20)
_LEAD_MS: Final = 8
_TAIL_MS: Final = 60
_FADE_MS: Final = 5
# Changing how prompts are shaped changes this, and all are made again.
_SHAPING: Final = "1"
_MANIFEST: Final = "made.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePrompts:
    """What became of a language's prompts: names `made` now, `kept`, or `recorded` by people.

    `voice` is what spoke the made and kept ones ("piper:en_US-joe-medium", "flite:slt", …).
    """

    made: tuple[str, ...]
    kept: tuple[str, ...]
    recorded: tuple[str, ...]
    voice: str


def make_prompts(
    *,
    language: str,
    texts_file: Path,
    recordings_folder: Path,
    output_folder: Path,
    say: Callable[[str], None],
) -> MadePrompts:
    """Bring `output_folder` up to date: a wav file for each prompt of `texts_file` (name: text).

    Recordings are taken over from `recordings_folder`; a bad one is told by `say` and spoken
    instead. What is missing or changed is spoken, all by one voice; prompts that left the file go.
    Raises `ConfigurationError` when the texts or the voice are no use.
    """
    texts = {str(name): text for name, text in read_prompt_texts(texts_file).items()}
    recordings = _read_recordings(recordings_folder, texts, say)
    voice = find_voice(language)
    wanted = {name: _key(text, voice, recordings.get(name)) for name, text in texts.items()}
    manifest = _read_manifest(output_folder)
    todo = [name for name in texts if not _is_made(output_folder, manifest, name, wanted[name])]
    spoken = [name for name in todo if name not in recordings]
    if todo or manifest.get("keys") != wanted:
        output_folder.mkdir(parents=True, exist_ok=True)
        if spoken:
            say(f"speaking {len(spoken)} prompts ({language}) with {voice.name}: {voice.remark}")
        _speak({name: texts[name] for name in spoken}, voice, output_folder)
        for name in recordings.keys() & set(todo):
            write_wav(output_folder / f"{name}.wav", recordings[name])
        _remove_stale(output_folder, manifest, wanted)
        _write_manifest(output_folder, voice, wanted)
    return MadePrompts(
        made=tuple(spoken),
        kept=tuple(name for name in texts if name not in {*spoken, *recordings}),
        recorded=tuple(recordings),
        voice=voice.name,
    )


def prompts_voice(output_folder: Path) -> str:
    """What spoke the prompts in this folder, such as "flite:slt"; "" when nothing has."""
    return str(_read_manifest(output_folder).get("voice", ""))


def shape_prompt(pcm: bytes) -> bytes:
    """8 kHz PCM with some 8 ms of lead, a peak of -3 dBFS and short fades.

    Silence before the first sound is time that a caller waits; a voice leaves up to 100 ms of it.
    """
    samples = float_from_pcm(pcm)
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0:
        raise ConfigurationError("the voice said nothing")
    loud = np.flatnonzero(np.abs(samples) > peak * _AUDIBLE)
    start = max(0, int(loud[0]) - _samples(_LEAD_MS))
    end = int(loud[-1]) + 1 + _samples(_TAIL_MS)
    return pcm_from_float(_faded(samples[start:end]) * np.float32(_PEAK / peak))


def _faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    length = min(_samples(_FADE_MS), len(samples))
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    faded = samples.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded


def _samples(duration_ms: int) -> int:
    return TELEPHONE_RATE_HZ * duration_ms // 1000


def _speak(texts: Mapping[str, str], voice: PromptVoice, output_folder: Path) -> None:
    if not texts:
        return
    for name, pcm in zip(texts, voice.speak(tuple(texts.values())), strict=True):
        write_wav(output_folder / f"{name}.wav", shape_prompt(pcm))


def _key(text: str, voice: PromptVoice, recording: bytes | None) -> str:
    spoken = f"{_SHAPING}\n{voice.name}\n{text}".encode()
    return hashlib.sha256(spoken if recording is None else b"recording\n" + recording).hexdigest()


def _read_recordings(
    folder: Path, names: Iterable[str], say: Callable[[str], None]
) -> dict[str, bytes]:
    """The good recordings among `names`, as 8 kHz PCM."""
    recordings: dict[str, bytes] = {}
    for name in names:
        for path in (folder / f"{name}{suffix}" for suffix in PROMPT_SUFFIXES):
            if not path.is_file():
                continue
            try:
                recordings.setdefault(name, read_prompt(path))
            except ConfigurationError as error:
                say(f"{error}; it is spoken by a voice meanwhile. {error.advice}")
    return recordings


def _is_made(folder: Path, manifest: Mapping[str, object], name: str, key: str) -> bool:
    keys = manifest.get("keys")
    made = isinstance(keys, dict) and keys.get(name) == key
    return made and (folder / f"{name}.wav").is_file()


def _read_manifest(folder: Path) -> Mapping[str, object]:
    """What was made before; unreadable or damaged means nothing, and all is made again."""
    try:
        content = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_manifest(folder: Path, voice: PromptVoice, keys: Mapping[str, str]) -> None:
    unfinished = folder / f".{_MANIFEST}.unfinished"
    unfinished.write_text(json.dumps({"voice": voice.name, "keys": keys}, indent=1))
    unfinished.replace(folder / _MANIFEST)


def _remove_stale(folder: Path, manifest: Mapping[str, object], wanted: Mapping[str, str]) -> None:
    keys = manifest.get("keys")
    for name in keys if isinstance(keys, dict) else ():
        if name not in wanted and is_prompt_name(name):
            (folder / f"{name}.wav").unlink(missing_ok=True)
