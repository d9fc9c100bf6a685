"""The process in which a model is tried: `python -m sternik.speech.trial_process REQUEST.json`."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from ivr.models.resampling import TelephoneUpsampler
from ivr.ports import FRAME_BYTES, SAMPLE_RATE_HZ, GrammarName
from sternik.speech.trial import OUR_COMPLAINT

VOSK_RATE_HZ = 16_000
"""What Sternik feeds every Vosk model, whatever rate it was made for."""

_FRAMES_AT_ONCE = 5
_SILENCE = bytes(SAMPLE_RATE_HZ)
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def main(request_file: Path) -> None:
    """Try what the request names and print the result as one line of JSON."""
    request = json.loads(request_file.read_text("utf-8"))
    pcm = (request_file.parent / "speech.pcm").read_bytes()
    tried = _try_vosk if request["engine"] == "vosk" else _try_pocketsphinx
    print(json.dumps(tried(request, pcm)))  # noqa: T201


def _try_vosk(request: dict[str, Any], pcm: bytes) -> dict[str, Any]:
    import vosk  # noqa: PLC0415  (only the engine that is tried)

    began = time.monotonic()
    model = vosk.Model(request["model_folder"])
    load_seconds = time.monotonic() - began
    phrases = request["phrases"]
    searches = {"free-form": vosk.KaldiRecognizer(model, VOSK_RATE_HZ)}
    if phrases:
        grammar = json.dumps(phrases, ensure_ascii=False)
        searches = {
            "expecting the corpus": vosk.KaldiRecognizer(model, VOSK_RATE_HZ, grammar)
        } | searches
    # Half a second of silence touches everything that decoding needs.
    for recogniser in searches.values():
        _hear_with_vosk(recogniser, _SILENCE)
    return {
        "load_seconds": load_seconds,
        "memory_bytes": _memory_bytes(),
        "decodings": [
            _timed(search, lambda recogniser=recogniser: _hear_with_vosk(recogniser, pcm))
            for search, recogniser in searches.items()
            if pcm
        ],
    }


def _hear_with_vosk(recogniser: Any, pcm: bytes) -> list[dict[str, Any]]:
    """All pieces of the recording put together, as the engine does with the pieces of an utterance."""
    recogniser.SetWords(True)
    upsampler = TelephoneUpsampler(image_gain=0.0)
    pieces: list[dict[str, Any]] = []
    step = FRAME_BYTES * _FRAMES_AT_ONCE
    for begin in range(0, len(pcm), step):
        sound = upsampler.resample(pcm[begin : begin + step]).tobytes()
        if recogniser.AcceptWaveform(sound):
            pieces.append(json.loads(recogniser.Result()))
    pieces.append(json.loads(recogniser.FinalResult()))
    recogniser.Reset()
    return [
        {"word": word["word"], "confidence": word["conf"]}
        for piece in pieces
        for word in piece.get("result", ())
    ]


def _try_pocketsphinx(request: dict[str, Any], pcm: bytes) -> dict[str, Any]:
    from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder  # noqa: PLC0415  (as above)

    began = time.monotonic()
    decoder = PocketSphinxDecoder(Path(request["artefact_folder"]))
    load_seconds = time.monotonic() - began

    def hear() -> list[dict[str, Any]]:
        decoder.reset(GrammarName.OPEN_QUESTION)
        for begin in range(0, len(pcm), FRAME_BYTES):
            decoder.feed(pcm[begin : begin + FRAME_BYTES])
        final = decoder.finish()
        words = final.text.split()
        sure = final.word_confidences or (final.confidence,) * len(words)
        return [{"word": word, "confidence": c} for word, c in zip(words, sure, strict=True)]

    decodings = [_timed("expecting the corpus", hear)] if pcm else []
    memory_bytes = _memory_bytes()
    return {"load_seconds": load_seconds, "memory_bytes": memory_bytes, "decodings": decodings}


def _timed(search: str, hear: Any) -> dict[str, Any]:
    began = time.monotonic()
    words = hear()
    return {"search": search, "words": words, "seconds": time.monotonic() - began}


def _memory_bytes() -> int:
    """Memory of the process, shared pages counted by share (PSS, proc(5))."""
    found = _PSS.search(Path("/proc/self/smaps_rollup").read_text("ascii"))
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Exception as error:  # noqa: BLE001  (the one boundary: one line instead of a traceback)
        sys.exit(f"{OUR_COMPLAINT}{error}")
