"""How well and how fast sentences are heard: Flite voices, 8 kHz µ-law, gate, PocketSphinx.

    python -m benchmarks recognition [SENTENCES.csv] [--model FOLDER]

The CSV has the columns id, voice and text (default: the development sentences); the folder holds a
trained model's `open_question.arpa` and `dictionary.dict` (default: the current English model).
"""

from __future__ import annotations

import csv
import subprocess
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import jiwer
import numpy as np
import soxr
import typer
from rich.console import Console
from rich.table import Table

from ivr.models.artefact import load_artefact
from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder
from ivr.models.voice_activity import WebRtcVoiceDetector
from ivr.ports import FRAME_BYTES, SAMPLE_RATE_HZ, GrammarName
from ivr.steering.speech_gate import SpeechGate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

SENTENCES = Path("tests/asterisk/spoken/development.csv")
SILENCE_BEFORE_SECONDS = 0.5
SILENCE_AFTER_SECONDS = 0.8
LINE_NOISE = 4.0
MU = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A sentence and the voice that says it."""

    voice: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of it; times in seconds of this machine, `gated_seconds` of speech passed on."""

    spoken: Spoken
    words: str
    gated_seconds: float
    decoding_seconds: float
    core_seconds: float
    slowest_frame_seconds: float
    final_seconds: float


def main(
    sentences: Annotated[Path, typer.Argument(exists=True, dir_okay=False)] = SENTENCES,
    model: Annotated[Path | None, typer.Option(exists=True, file_okay=False)] = None,
    gain_db: Annotated[float, typer.Option(help="Loudness against Flite's own.")] = 0.0,
    noise_db: Annotated[float, typer.Option(help="White noise under the speech; 0: none.")] = 0.0,
    *,
    show: Annotated[bool, typer.Option(help="Print every sentence.")] = False,
) -> None:
    """Decode every sentence by its voice and print error rates and times."""
    with sentences.open(encoding="utf-8", newline="") as file:
        spoken = [Spoken(voice=row["voice"], text=row["text"]) for row in csv.DictReader(file)]
    decoder = PocketSphinxDecoder(model or load_artefact(Path("var/models"), "en").folder)
    heard = [hear(decoder, sentence, gain_db, noise_db) for sentence in spoken]
    console = Console(width=120)
    if show:
        for one in heard:
            console.print(f"{one.spoken.voice} | {one.spoken.text} | {one.words}")
    console.print(table(heard))


def hear(decoder: PocketSphinxDecoder, spoken: Spoken, gain_db: float, noise_db: float) -> Heard:
    """Decode one sentence as one call."""
    frames = list(gated(telephone(speech(spoken), gain_db, noise_db)))
    decoder.reset(GrammarName.OPEN_QUESTION)
    core_before = time.process_time()
    marks = [time.perf_counter()]
    for frame in frames:
        decoder.feed(frame)
        marks.append(time.perf_counter())
    final = decoder.finish()
    ended = time.perf_counter()
    return Heard(
        spoken=spoken,
        words=final.text,
        gated_seconds=sum(map(len, frames)) / 2 / SAMPLE_RATE_HZ,
        decoding_seconds=ended - marks[0],
        core_seconds=time.process_time() - core_before,
        slowest_frame_seconds=float(np.diff(marks).max(initial=0)),
        final_seconds=ended - marks[-1],
    )


def speech(spoken: Spoken) -> NDArray[np.float64]:
    """Flite's sound at 8 kHz, silence around."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(
            ["flite", "-voice", spoken.voice, "-t", spoken.text, "-o", str(path)], check=True
        )
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            narrow = soxr.resample(samples.astype(float), file.getframerate(), SAMPLE_RATE_HZ)
    before = np.zeros(int(SILENCE_BEFORE_SECONDS * SAMPLE_RATE_HZ))
    after = np.zeros(int(SILENCE_AFTER_SECONDS * SAMPLE_RATE_HZ))
    return np.concatenate([before, narrow, after])


def telephone(samples: NDArray[np.float64], gain_db: float, noise_db: float) -> bytes:
    """The sound after a µ-law line (the continuous law, 8 bits) with its hiss."""
    random = np.random.default_rng(1)
    loudness = np.sqrt(np.mean(np.square(samples)))
    noise = LINE_NOISE if noise_db == 0 else loudness * 10 ** (-noise_db / 20)
    line = (samples + random.normal(0, noise, len(samples))) * 10 ** (gain_db / 20) / 32768
    line = np.clip(line, -1, 1)
    code = np.round(np.sign(line) * np.log1p(MU * np.abs(line)) / np.log1p(MU) * 127) / 127
    decoded = np.sign(code) * ((1 + MU) ** np.abs(code) - 1) / MU
    return (decoded * 32767).astype("<i2").tobytes()


def gated(pcm: bytes) -> Iterator[bytes]:
    """The frames that the recogniser gets."""
    gate, detector = SpeechGate(), WebRtcVoiceDetector()
    for index in range(len(pcm) // FRAME_BYTES):
        frame = pcm[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]
        yield from gate.push(is_voice=detector.is_voice(frame), pcm=frame, index=index).forward


def table(heard: Sequence[Heard]) -> Table:
    """Figures by voice and over all."""
    result = Table(title=f"{len(heard)} sentences through 8 kHz µ-law, gate and decoder")
    columns = ("voice", "sentences", "WER %", "all right %", "decoding ms", "real time", "core %")
    for column in (*columns, "final ms p50", "p95", "slowest frame ms"):
        result.add_column(column, justify="right")
    for voice in sorted({one.spoken.voice for one in heard}):
        result.add_row(voice, *figures([one for one in heard if one.spoken.voice == voice]))
    result.add_section()
    result.add_row("all", *figures(heard))
    return result


def figures(heard: Sequence[Heard]) -> tuple[str, ...]:
    """One row's numbers."""
    said, words = [one.spoken.text for one in heard], [one.words for one in heard]
    right = np.mean([one.words == one.spoken.text for one in heard])
    seconds = sum(one.decoding_seconds for one in heard)
    gated_seconds = sum(one.gated_seconds for one in heard)
    finals_ms = 1000 * np.array([one.final_seconds for one in heard])
    return (
        str(len(heard)),
        f"{100 * jiwer.wer(said, words):.1f}",
        f"{100 * right:.0f}",
        f"{1000 * seconds / len(heard):.0f}",
        f"{seconds / gated_seconds:.3f}",
        f"{100 * sum(one.core_seconds for one in heard) / gated_seconds:.1f}",
        f"{np.percentile(finals_ms, 50):.1f}",
        f"{np.percentile(finals_ms, 95):.1f}",
        f"{1000 * max(one.slowest_frame_seconds for one in heard):.0f}",
    )
