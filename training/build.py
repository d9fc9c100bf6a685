"""Makes a model artefact of a corpus: dictionary, language model, classifier and report."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from typing import TYPE_CHECKING

from ivr.models.artefact import (
    DICTIONARY,
    FORMAT,
    GRAMMARS,
    LANGUAGE_MODEL,
    OTHER_SPEECH,
    PHRASES,
    REPORT,
    Manifest,
    ModelArtefact,
    sha256_of,
)
from ivr.models.artefact_writer import install_artefact, unfinished_folder
from ivr.models.classifier_parameters import save_parameters
from ivr.models.grammars import grammars_json, phrases_of
from ivr.models.sentence_embedding import installed_embedding
from ivr.steering.text import NORMALISATION, spoken_words
from training.corpus import read_corpus
from training.dictionary import (
    POCKETSPHINX_LANGUAGE,
    DictionaryReport,
    build_dictionary,
    read_pronunciations,
)
from training.general_words import general_english, read_general_words
from training.grammars import read_written_grammars
from training.inputs import content_hash, embedding_input, needs_training, training_inputs
from training.intent_trainer import TrainerSettings, train_intent_model
from training.language_model import build_language_model
from training.progress import Progress, silent
from training.report import TrainingReport, training_report, write_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ivr.models.grammars import Grammars
    from training.evaluation import Evaluation
    from training.sources import TrainingSources

__all__ = ["build_artefact", "needs_training"]

_LIBRARIES = ("numpy", "scipy", "scikit-learn")


def build_artefact(
    *,
    sources: TrainingSources,
    language: str,
    root: Path,
    progress: Progress = silent,
    settings: TrainerSettings | None = None,
) -> ModelArtefact:
    """Train on the sources and make the result the current artefact of `language`.

    Takes seconds; one at a time. Raises `ConfigurationError` for a corpus or a dictionary that
    cannot be used; nothing under `root` changes then, nor when the process is killed.
    """
    settings = settings or TrainerSettings()
    progress("reading the corpus", 0.0)
    inputs = training_inputs(sources)
    if settings.embeddings:
        inputs = {**inputs, **embedding_input(installed_embedding())}
    utterances = read_corpus(sources.corpus, language)
    grammars = read_written_grammars(sources.grammars, language)
    sentences = [" ".join(spoken_words(utterance.text, language)) for utterance in utterances]
    with unfinished_folder(root, language) as folder:
        progress("building the language model", 0.02)
        dictionary = _build_ears(sentences, grammars, language, folder, sources)
        model = train_intent_model(utterances, language, settings=settings, progress=progress)
        progress("writing the model", 0.95)
        save_parameters(model.parameters, folder)
        report = training_report(utterances, language, model, settings, dictionary)
        write_report(report, folder / REPORT)
        manifest = _manifest(language, inputs, folder, report)
        artefact = install_artefact(folder, manifest)
    progress("trained", 1.0)
    return artefact


def _build_ears(
    sentences: Sequence[str],
    grammars: Grammars,
    language: str,
    folder: Path,
    sources: TrainingSources,
) -> DictionaryReport | None:
    """Write what recognisers are told to expect; says how words are pronounced, if it matters."""
    _write_lines(dict.fromkeys(sentences), folder / PHRASES)
    (folder / GRAMMARS).write_text(grammars_json(grammars), encoding="utf-8")
    asked = {word for sentence in sentences for word in sentence.split()}
    written = read_general_words(sources.other_speech, language, asked)
    if language != POCKETSPHINX_LANGUAGE:
        _write_lines(written, folder / OTHER_SPEECH)
        return None
    answered = {
        word
        for meanings in grammars.values()
        for phrase in phrases_of(meanings)
        for word in phrase.split()
    }
    pronunciations = read_pronunciations(sources.dictionary)
    other = general_english(asked | answered, pronunciations)
    _write_lines(dict.fromkeys((*written, *other.shares)), folder / OTHER_SPEECH)
    report = build_dictionary(asked | answered, folder / DICTIONARY, pronunciations, other.shares)
    build_language_model(sentences, report.words & asked, folder / LANGUAGE_MODEL, other)
    return report


def _write_lines(lines: Iterable[str], path: Path) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _manifest(
    language: str, inputs: Mapping[str, str], folder: Path, report: TrainingReport
) -> Manifest:
    now = datetime.now(UTC)
    content = content_hash(inputs, language)
    return Manifest(
        format=FORMAT,
        version=f"{language}-{now:%Y%m%d}-{content[:8]}",
        language=language,
        created=now.isoformat(timespec="seconds"),
        content=content,
        normalisation=NORMALISATION,
        inputs=inputs,
        files={path.name: sha256_of(path) for path in sorted(folder.iterdir())},
        intents=tuple(report.utterances_by_intent),
        metrics={
            **_summary("out_of_fold", report.out_of_fold_as_written),
            **_summary("out_of_fold_garbled", report.out_of_fold_garbled),
        },
        libraries={
            "python": platform.python_version(),
            **{name: library_version(name) for name in _LIBRARIES},
        },
    )


def _summary(prefix: str, figures: Evaluation) -> dict[str, float]:
    return {
        f"{prefix}_accuracy": figures.accuracy,
        f"{prefix}_macro_f1": figures.macro_f1,
        f"{prefix}_log_loss": figures.log_loss,
        f"{prefix}_calibration_error": figures.calibration_error,
    }
