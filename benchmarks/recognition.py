"""How well and how fast sentences are heard: Flite voices, 8 kHz µ-law, gate, PocketSphinx.

    python -m benchmarks recognition [SENTENCES.csv] [--model FOLDER]

The CSV has the columns id, voice and text (default: the development sentences); the folder holds a
trained model's `open_question.arpa` and `dictionary.dict` (default: the current English model).
"""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import jiwer
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.speech_material import SpeechCache, Spoken, gated, on_the_line
from ivr.models.artefact import load_artefact
from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder
from ivr.ports import SAMPLE_RATE_HZ, GrammarName
from ivr.wav import float_from_pcm

if TYPE_CHECKING:
    from collections.abc import Sequence

SENTENCES = Path("tests/asterisk/spoken/development.csv")


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
    gain_db: Annotated[float, typer.Option(help="Loudness against -26 dBov.")] = 0.0,
    noise_db: Annotated[float, typer.Option(help="White noise under the speech; 0: none.")] = 0.0,
    *,
    show: Annotated[bool, typer.Option(help="Print every sentence.")] = False,
) -> None:
    """Decode every sentence by its voice and print error rates and times."""
    with sentences.open(encoding="utf-8", newline="") as file:
        spoken = [Spoken(voice=row["voice"], text=row["text"]) for row in csv.DictReader(file)]
    decoder = PocketSphinxDecoder(model or load_artefact(Path("var/models"), "en").folder)
    cache = SpeechCache()
    cache.prepare(spoken, lambda _: None)
    heard = [
        hear(decoder, sentence, telephone(cache.pcm(sentence), gain_db, noise_db))
        for sentence in spoken
    ]
    console = Console(width=120)
    if show:
        for one in heard:
            console.print(f"{one.spoken.voice} | {one.spoken.text} | {one.words}")
    console.print(table(heard))


def hear(decoder: PocketSphinxDecoder, spoken: Spoken, call: bytes) -> Heard:
    """Decode one sentence as one call."""
    frames = list(gated(call))
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


def telephone(speech: bytes, gain_db: float, noise_db: float) -> bytes:
    """The speech on a line, louder or softer than usual, white noise under it."""
    samples = float_from_pcm(speech)
    if noise_db == 0:
        return on_the_line(speech, gain_db=gain_db)
    hiss = np.random.default_rng(1).normal(0, 1, len(samples)).astype(np.float32)
    return on_the_line(speech, hiss, snr_db=noise_db, gain_db=gain_db)


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
