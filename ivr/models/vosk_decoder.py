"""One Vosk decoder: 8 kHz telephone speech in, words out; all of a process share one model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vosk

from ivr.errors import MisuseError, ModelUnusableError
from ivr.models.native_errors import native_errors
from ivr.models.resampling import TelephoneUpsampler
from ivr.models.vosk_engine import has_dynamic_graph, is_free_form
from ivr.models.vosk_phrases import read_expectations
from ivr.ports import SAMPLE_RATE_HZ, FinalWords, GrammarName

if TYPE_CHECKING:
    from ivr.models.recogniser_engine import EngineOptions
    from ivr.models.vosk_phrases import Expectation, Expectations

MODEL_RATE_HZ = 16_000
# Measured with the Korean model: 180 spoken phrases (5 voices, three levels of hiss) of which 131 are
# heard right with 0.1, 119 with 0, 105 with the 0.25 that suits PocketSphinx, 117 with soxr.
IMAGE_GAIN = 0.1
FETCH_AGAIN = "fetch it again with `sternik speech fetch`"
# Vosk looks for its own endpoint only after each piece that it is given.
STEP_BYTES = 2 * SAMPLE_RATE_HZ // 5
_QUIET = -1
# Of the two layouts that Vosk reads, what it does not check itself, and would crash for.
_LAYOUTS = (
    ("am/final.mdl", "conf/model.conf", "conf/mfcc.conf", "graph"),
    ("final.mdl", "mfcc.conf", "mfcc.conf", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """Words of one stretch between Vosk's own endpoints, as the port writes them."""

    words: tuple[str, ...]
    confidences: tuple[float, ...]


class VoskDecoder:
    """Hears one caller at a time; made for reuse after `reset`.

    It has a recogniser for each grammar that was asked for: with 1,000 phrases it takes 20 ms to
    build, too long to do so at each question.
    """

    def __init__(self, loaded: LoadedVosk) -> None:
        self._loaded = loaded
        self._recognisers: dict[GrammarName, Any] = {}
        self._resampler = TelephoneUpsampler(IMAGE_GAIN)
        self._pieces: list[_Heard] = []
        self._within_piece = False
        self._partial_json = ""
        self._partial = ""
        self._expect(GrammarName.OPEN_QUESTION)

    def reset(self, grammar: GrammarName) -> None:
        """Drop what was heard, forget the caller and expect `grammar` from here on.

        A grammar that the artefact lacks is heard as the open question.
        """
        self.finish()
        self._expect(grammar)

    def feed(self, pcm: bytes) -> str:
        """Hear speech (8 kHz, 16-bit); returns the words so far."""
        if len(pcm) % 2:
            raise MisuseError("a sample has 2 bytes")
        for start in range(0, len(pcm), STEP_BYTES):
            self._hear(pcm[start : start + STEP_BYTES])
        if self._within_piece:
            self._read_partial(self._recogniser.PartialResult())
        words = [word for piece in self._pieces for word in piece.words]
        return " ".join([*words, self._partial] if self._partial else words)

    def finish(self) -> FinalWords:
        """End the utterance; '' when nothing was heard."""
        if self._within_piece:
            self._end_piece()
        heard, self._pieces = self._pieces, []
        self._resampler.clear()
        self._within_piece = False
        confidences = tuple(number for piece in heard for number in piece.confidences)
        return FinalWords(
            text=" ".join(word for piece in heard for word in piece.words),
            confidence=sum(confidences) / len(confidences) if confidences else None,
            word_confidences=confidences,
        )

    def _hear(self, pcm: bytes) -> None:
        samples = self._resampler.resample(pcm).tobytes()
        self._within_piece = not self._recogniser.AcceptWaveform(samples)
        if not self._within_piece:
            self._end_piece()

    def _expect(self, grammar: GrammarName) -> None:
        if grammar not in self._recognisers:
            self._recognisers[grammar] = self._loaded.build_recogniser(grammar)
        self._recogniser = self._recognisers[grammar]
        self._expected: Expectation = self._loaded.expectations.of(grammar)

    def _end_piece(self) -> None:
        """Take the words at the end, or at an endpoint of Vosk's own.

        `FinalResult` starts its front end anew, which `Result` and `Reset` do not: what it learned of
        a channel would go on to the next caller. Also within one utterance it hears the better for
        it: 16 of 16 pairs of phrases with a pause between were right, 13 without (Korean model).
        """
        words = json.loads(self._recogniser.FinalResult()).get("result", [])
        if words:
            heard = tuple(self._expected.written(word["word"]) for word in words)
            confidences = tuple(min(max(float(word["conf"]), 0.0), 1.0) for word in words)
            self._pieces.append(_Heard(words=heard, confidences=confidences))
        self._partial = self._partial_json = ""

    def _read_partial(self, result: str) -> None:
        if result == self._partial_json:
            return
        self._partial_json = result
        words = json.loads(result)["partial"].split()
        self._partial = " ".join(map(self._expected.written, words))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedVosk:
    """The shared model, and what its callers are expected to say; safe for threads."""

    model: Any
    folder: Path
    expectations: Expectations
    free_form: bool
    only_free_form: bool

    @property
    def note(self) -> str:
        """Words of the corpus that the model lacks, and want of a dynamic graph."""
        return "; ".join(filter(None, (self._graph_note(), self._words_note())))

    def build_decoder(self) -> VoskDecoder:
        """One more decoder (20 ms with 1,000 phrases); raises `ModelUnusableError`."""
        return VoskDecoder(self)

    def build_recogniser(self, grammar: GrammarName) -> Any:
        """Vosk's own recogniser of a grammar, or of everything; raises `ModelUnusableError`."""
        arguments: list[object] = [self.model, MODEL_RATE_HZ]
        is_open = grammar is GrammarName.OPEN_QUESTION
        if not (self.only_free_form or (self.free_form and is_open)):
            arguments.append(self.expectations.of(grammar).phrases)
        try:
            recogniser = vosk.KaldiRecognizer(*arguments)
        except Exception as error:  # Vosk raises nothing narrower
            raise ModelUnusableError(
                f"the Vosk model in {self.folder} makes no recogniser: {FETCH_AGAIN}"
            ) from error
        recogniser.SetWords(True)
        return recogniser

    def _graph_note(self) -> str:
        if not self.only_free_form or self.free_form:
            return ""
        return (
            f"the Vosk model in {self.folder} has no dynamic graph: "
            "it listens free-form, without the corpus's phrases"
        )

    def _words_note(self) -> str:
        missing = self.expectations.missing_words
        if not missing:
            return ""
        shown = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")  # noqa: PLR2004
        return f"the speech model lacks {len(missing)} words of the corpus: {shown}"


def load_vosk(options: EngineOptions) -> LoadedVosk:
    """Load a model and hear half a second with it; raises `ModelUnusableError` with what to do.

    A damaged file may also end the process: that is noticed by whoever started it.
    """
    folder = options.acoustic_model_folder
    if folder is None:
        raise ModelUnusableError("Vosk needs a model: get one with `sternik speech fetch`")
    check_folder(folder)
    vosk.SetLogLevel(_QUIET)
    with native_errors() as reason:
        try:
            loaded = _load(options, folder)
            _try_out(loaded)
        except ModelUnusableError:
            raise
        except Exception as error:  # Vosk raises nothing narrower
            raise ModelUnusableError(
                f"Vosk cannot load the model in {folder} ({reason()}): {FETCH_AGAIN}"
            ) from error
    return loaded


def _load(options: EngineOptions, folder: Path) -> LoadedVosk:
    model = vosk.Model(str(folder))
    return LoadedVosk(
        model=model,
        folder=folder,
        expectations=read_expectations(
            options.artefact_folder, lambda word: model.vosk_model_find_word(word) >= 0
        ),
        free_form=is_free_form(options),
        only_free_form=not has_dynamic_graph(folder),
    )


def _try_out(loaded: LoadedVosk) -> None:
    """Some damage shows only here, a crash included: better before the first call than in it."""
    decoder = loaded.build_decoder()
    decoder.feed(bytes(SAMPLE_RATE_HZ))
    decoder.finish()


def check_folder(folder: Path) -> None:
    """See that it is a model's folder, as Vosk itself would not; raises `ModelUnusableError`."""
    try:
        layout = next((names for names in _LAYOUTS if (folder / names[0]).is_file()), None)
        if layout is None:
            raise ModelUnusableError(
                f"{folder} is no folder of a Vosk model (it has no am/final.mdl): "
                "name the folder that holds am, conf and graph"
            )
        *files, graph = layout
        graphs = ["HCLr.fst", "Gr.fst"] if has_dynamic_graph(folder) else ["HCLG.fst"]
        for name in (*files, *(f"{graph}/{fst}".lstrip("/") for fst in graphs)):
            with (folder / name).open("rb") as file:
                file.read(1)
    except OSError as error:
        raise ModelUnusableError(
            f"{error.filename or folder} cannot be read ({error.strerror}): "
            f"check who may read it, or {FETCH_AGAIN}"
        ) from error
