"""The process in which a model is tried: `python -m sternik.speech.trial_process REQUEST.json`."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ivr.ports import FRAME_BYTES, SAMPLE_RATE_HZ, GrammarName
from sternik.speech.trial import OUR_COMPLAINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ivr.models.recogniser_engine import RecogniserDecoder
    from ivr.ports import FinalWords

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

    from ivr.models.vosk_decoder import LoadedVosk  # noqa: PLC0415
    from ivr.models.vosk_engine import has_dynamic_graph  # noqa: PLC0415
    from ivr.models.vosk_phrases import NOTHING_EXPECTED, read_expectations  # noqa: PLC0415

    folder, artefact = Path(request["model_folder"]), request["artefact_folder"]
    began = time.monotonic()
    model = vosk.Model(str(folder))
    load_seconds = time.monotonic() - began
    free_form = LoadedVosk(
        model=model,
        folder=folder,
        expectations=NOTHING_EXPECTED,
        free_form=True,
        only_free_form=not has_dynamic_graph(folder),
    )
    searches = {"free-form": free_form.build_decoder()}
    if artefact and not free_form.only_free_form:
        knows = read_expectations(
            Path(artefact), lambda word: model.vosk_model_find_word(word) >= 0
        )
        expecting = replace(free_form, expectations=knows, free_form=False)
        searches = {"expecting the corpus": expecting.build_decoder()} | searches
    # Half a second of silence touches everything that decoding needs.
    for decoder in searches.values():
        _hear(decoder, _SILENCE)
    return _result(load_seconds, searches, pcm)


def _try_pocketsphinx(request: dict[str, Any], pcm: bytes) -> dict[str, Any]:
    from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder  # noqa: PLC0415  (as above)

    began = time.monotonic()
    decoder = PocketSphinxDecoder(Path(request["artefact_folder"]))
    load_seconds = time.monotonic() - began
    return _result(load_seconds, {"expecting the corpus": decoder}, pcm)


def _result(
    load_seconds: float, searches: Mapping[str, RecogniserDecoder], pcm: bytes
) -> dict[str, Any]:
    return {
        "load_seconds": load_seconds,
        "memory_bytes": _memory_bytes(),
        "decodings": [_decoding(name, decoder, pcm) for name, decoder in searches.items() if pcm],
    }


def _decoding(search: str, decoder: RecogniserDecoder, pcm: bytes) -> dict[str, Any]:
    began = time.monotonic()
    final = _hear(decoder, pcm)
    seconds = time.monotonic() - began
    words = final.text.split()
    if search == "free-form":  # nothing was expected, so nothing is other speech
        words = [word.strip("[]") for word in words]
    sure = final.word_confidences or (final.confidence,) * len(words)
    heard = [{"word": word, "confidence": c} for word, c in zip(words, sure, strict=True)]
    return {"search": search, "words": heard, "seconds": seconds}


def _hear(decoder: RecogniserDecoder, pcm: bytes) -> FinalWords:
    """As one utterance of a call."""
    decoder.reset(GrammarName.OPEN_QUESTION)
    for begin in range(0, len(pcm), FRAME_BYTES):
        decoder.feed(pcm[begin : begin + FRAME_BYTES])
    return decoder.finish()


def _memory_bytes() -> int:
    """Memory of the process, shared pages counted by share (PSS, proc(5))."""
    found = _PSS.search(Path("/proc/self/smaps_rollup").read_text("ascii"))
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Exception as error:  # noqa: BLE001  (the one boundary: one line instead of a traceback)
        sys.exit(f"{OUR_COMPLAINT}{error}")
