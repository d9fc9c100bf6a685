"""One PocketSphinx decoder: 8 kHz telephone speech in, words out.

It holds the interpreter lock while it decodes, so it belongs in a recogniser process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pocketsphinx

from ivr.errors import MisuseError, ModelUnusableError
from ivr.models.artefact import DICTIONARY, GRAMMARS, LANGUAGE_MODEL
from ivr.models.channel_mean import ChannelMean, read_vector, write_vector
from ivr.models.grammars import phrases_of, read_grammars
from ivr.models.resampling import TelephoneUpsampler
from ivr.ports import SAMPLE_RATE_HZ, FinalWords, GrammarName

if TYPE_CHECKING:
    from pathlib import Path

    from ivr.models.grammars import Meanings

MODEL_RATE_HZ = 16_000
CEPSTRA_PER_SECOND = 100

# The mean of telephone speech after `TelephoneUpsampler`, over four voices at speaking level. With
# PocketSphinx's own start, meant for close microphones, half of the words are heard wrong.
TELEPHONE_CEPSTRAL_MEAN = "49.76,5.55,1.65,16.93,1.44,-4.38,8.66,-10.19,-0.95,-0.35,0.19,6.30,-1.86"

# Fillers of the acoustic model. Words of other speech are in brackets too, but in lower case.
_NOISE = re.compile(r"^(<.*>|\[[A-Z_]+\]|\+\+.*\+\+|\+.*\+)$")
_VARIANT = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderSettings:
    """How PocketSphinx searches; names in brackets are its own options.

    The mean of the channel starts at `initial_cepstral_mean`, which weighs as much as
    `mean_prior_frames` (of 10 ms) of the call, and follows every `adapt_every_frames`.

    The default leaves out the second pass (`fwdflat`), which takes some 200 ms after the last
    sample. The third (`bestpath`) takes 10 to 30 ms and hears one wrong word in seven right.
    """

    language_weight: float = 6.5
    word_insertion_penalty: float = 0.65
    silence_probability: float = 0.005
    beam: float = 1e-48
    word_beam: float = 7e-29
    max_hmms_per_frame: int = 3000
    second_pass: bool = False
    best_path: bool = True
    initial_cepstral_mean: str = TELEPHONE_CEPSTRAL_MEAN
    mean_prior_frames: int = 100
    adapt_every_frames: int = 20


class PocketSphinxDecoder:
    """Hears one caller at a time; made for reuse after `reset`."""

    def __init__(self, artefact_folder: Path, settings: DecoderSettings | None = None) -> None:
        """Load the searches of `artefact_folder`; raises `ModelUnusableError`."""
        self._settings = settings or DecoderSettings()
        self._decoder = _load(artefact_folder, self._settings)
        self._resampler = TelephoneUpsampler()
        self._channel = ChannelMean(
            read_vector(self._settings.initial_cepstral_mean),
            prior_frames=self._settings.mean_prior_frames,
        )
        self._unadapted_frames = 0.0
        self._hearing = False
        self._warm_up()

    def reset(self, grammar: GrammarName) -> None:
        """Drop what was heard, forget the caller's channel and expect `grammar` from here on."""
        self._stop()
        try:
            self._decoder.activate_search(grammar.value)
        except KeyError as error:
            raise ModelUnusableError(f"the model has no grammar {grammar.value!r}") from error
        self._channel.forget()
        # Forgets the noise of the last caller's line, in 0.1 ms (`start_stream` leaves traces).
        self._decoder.reinit_feat()
        self._decoder.set_cmn(write_vector(self._channel.mean))

    def feed(self, pcm: bytes) -> str:
        """Hear speech (8 kHz, 16-bit); returns the words so far."""
        if len(pcm) % 2:
            raise MisuseError("a sample has 2 bytes")
        if not self._hearing:
            self._resampler.clear()
            self._decoder.start_utt()
            self._hearing = True
        self._decoder.process_raw(self._resampler.resample(pcm).tobytes())
        self._adapt(len(pcm) / (2 * SAMPLE_RATE_HZ) * CEPSTRA_PER_SECOND)
        return self._words()

    def finish(self) -> FinalWords:
        """End the utterance; '' when nothing was heard."""
        if not self._hearing:
            return FinalWords(text="", confidence=None)
        self._stop()
        words = self._words()
        count = len(words.split())
        return FinalWords(
            text=words,
            confidence=self._confidence(count),
            word_confidences=self._word_confidences(count),
        )

    def _warm_up(self) -> None:
        """Hear noise once: else the first utterance comes out unlike all later ones, and slower."""
        noise = np.random.default_rng(0).integers(-50, 50, SAMPLE_RATE_HZ // 4, dtype=np.int16)
        self.feed(noise.tobytes())
        self.finish()

    def _adapt(self, frames: float) -> None:
        """Follow the caller's channel from within the utterance.

        Left alone, PocketSphinx does so after 8 s only, and a call's utterances are over by then.
        """
        self._unadapted_frames += frames
        if self._unadapted_frames < self._settings.adapt_every_frames:
            return
        blended = read_vector(self._decoder.get_cmn(update=True))
        self._channel.learn(blended, self._unadapted_frames)
        self._decoder.set_cmn(write_vector(self._channel.mean))
        self._unadapted_frames = 0

    def _stop(self) -> None:
        if self._hearing:
            self._decoder.end_utt()
            self._decoder.set_cmn(write_vector(self._channel.mean))
            self._unadapted_frames = 0
            self._hearing = False

    def _words(self) -> str:
        hypothesis = self._decoder.hyp()
        return "" if hypothesis is None else spoken_words(hypothesis.hypstr)

    def _confidence(self, words: int) -> float | None:
        """Posterior of the best path in the lattice, as mean of a word; not calibrated."""
        hypothesis = self._decoder.hyp()
        if not words or hypothesis is None or not self._settings.best_path:
            return None
        return float(min(max(hypothesis.prob, 0.0), 1.0) ** (1 / words))

    def _word_confidences(self, words: int) -> tuple[float, ...]:
        """Posterior of each word in the lattice; () without the third pass."""
        if not words or not self._settings.best_path:
            return ()
        found = [
            min(max(float(segment.prob), 0.0), 1.0)
            for segment in self._decoder.seg()
            if not _NOISE.match(segment.word)
        ]
        return tuple(found) if len(found) == words else ()


def spoken_words(hypothesis: str) -> str:
    """The words of a hypothesis without noises, sentence marks and numbers of pronunciations."""
    words = (_VARIANT.sub("", word) for word in hypothesis.split())
    return " ".join(word for word in words if not _NOISE.match(word))


def _load(folder: Path, settings: DecoderSettings) -> pocketsphinx.Decoder:
    dictionary, language_model = folder / DICTIONARY, folder / LANGUAGE_MODEL
    for path in (dictionary, language_model):
        if not path.is_file() or not path.stat().st_size:
            raise ModelUnusableError(
                f"{path} is missing or empty: train the model, or name the folder of a trained one"
            )
    grammars = read_grammars(folder / GRAMMARS)
    try:
        decoder = pocketsphinx.Decoder(_configuration(dictionary, settings))
        decoder.add_lm_file(GrammarName.OPEN_QUESTION.value, str(language_model))
        for name, meanings in grammars.items():
            if jsgf := _jsgf(name, meanings, decoder):
                decoder.add_jsgf_string(name.value, jsgf)
        decoder.activate_search(GrammarName.OPEN_QUESTION.value)
    except (RuntimeError, ValueError, KeyError) as error:
        raise ModelUnusableError(
            f"PocketSphinx cannot load the model in {folder} ({error}): train it again, "
            "or go back to the version before"
        ) from error
    return decoder


def _jsgf(name: GrammarName, meanings: Meanings, decoder: pocketsphinx.Decoder) -> str:
    """A grammar in JSGF (W3C note of 2000); '' when no phrase has all its pronunciations.

    PocketSphinx refuses a whole grammar for one word that its dictionary lacks, so such phrases go.
    """
    phrases = [
        phrase for phrase in phrases_of(meanings) if all(map(decoder.lookup_word, phrase.split()))
    ]
    repeat = "+" if name is GrammarName.DIGITS else ""
    if not phrases:
        return ""
    return f"#JSGF V1.0;\ngrammar {name};\npublic <answer> = ( {' | '.join(phrases)} ){repeat};\n"


def _configuration(dictionary: Path, settings: DecoderSettings) -> pocketsphinx.Config:
    return pocketsphinx.Config(
        hmm=pocketsphinx.get_model_path("en-us/en-us"),
        dict=str(dictionary),
        lm=None,
        loglevel="FATAL",
        samprate=MODEL_RATE_HZ,
        cmninit=settings.initial_cepstral_mean,
        lw=settings.language_weight,
        wip=settings.word_insertion_penalty,
        silprob=settings.silence_probability,
        beam=settings.beam,
        wbeam=settings.word_beam,
        maxhmmpf=settings.max_hmms_per_frame,
        fwdflat=settings.second_pass,
        bestpath=settings.best_path,
    )
