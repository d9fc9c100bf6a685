"""What callers hear while they wait: a quiet melody made of sine tones, ours and free to play.

Recordings dropped into `dialplan/prompts/hold/` (8 kHz mono wav) replace it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ivr.wav import TELEPHONE_RATE_HZ, pcm_from_float, write_wav

_BEAT_SECONDS: Final = 0.5
_TONE_SECONDS: Final = 2.0
_PEAK: Final = 0.12
# Semitones from A3: four bars of broken chords, Am F C G, that lead back to their beginning.
_MELODY: Final = (
    *(0, 7, 12, 15, 19, 15, 12, 7),
    *(-4, 3, 8, 12, 15, 12, 8, 3),
    *(3, 10, 15, 19, 22, 19, 15, 10),
    *(-2, 5, 10, 14, 17, 14, 10, 5),
)
_A3_HZ: Final = 220.0


def provide_hold_music(recordings_folder: Path, output_folder: Path) -> None:
    """Fill `output_folder` with the recordings, or with the melody when there are none."""
    output_folder.mkdir(parents=True, exist_ok=True)
    recordings = sorted(recordings_folder.glob("*.wav"))
    melody = output_folder / "melody.wav"
    for old in output_folder.glob("*.wav"):
        if old != melody or recordings:
            old.unlink()
    for recording in recordings:
        shutil.copyfile(recording, output_folder / recording.name)
    if not recordings and not melody.exists():
        write_wav(melody, pcm_from_float(make_melody()))


def make_melody() -> NDArray[np.float32]:
    """One round of the melody, 16 s at 8 kHz, -1..1; its end rings on into its beginning."""
    length = round(len(_MELODY) * _BEAT_SECONDS * TELEPHONE_RATE_HZ)
    sound = np.zeros(length)
    at = np.arange(round(_TONE_SECONDS * TELEPHONE_RATE_HZ)) / TELEPHONE_RATE_HZ
    envelope = np.minimum(at / 0.02, 1) * np.exp(-at / 0.5)
    for beat, semitones in enumerate(_MELODY):
        hz = _A3_HZ * 2 ** (semitones / 12)
        tone = envelope * (np.sin(2 * np.pi * hz * at) + 0.3 * np.sin(4 * np.pi * hz * at))
        start = round(beat * _BEAT_SECONDS * TELEPHONE_RATE_HZ)
        places = (start + np.arange(len(tone))) % length
        np.add.at(sound, places, tone)
    melody: NDArray[np.float32] = (_PEAK * sound / np.abs(sound).max()).astype(np.float32)
    return melody
