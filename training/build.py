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
    HEARING,
    LANGUAGE_MODEL,
    MODEL_CARD,
    OTHER_SPEECH,
    PHRASES,
    REPORT,
    REPORT_PAGE,
    Manifest,
    ModelArtefact,
    sha256_of,
)
from ivr.models.artefact_writer import install_artefact, unfinished_folder
from ivr.models.classifier_parameters import save_parameters
from ivr.models.grammars import grammars_json, phrases_of
from ivr.models.registry import ModelRegistry
from ivr.models.sentence_embedding import installed_embedding
from ivr.models.service_history import ChangeKind
from ivr.steering.text import NORMALISATION, spoken_words
from training.confusions import read_confusions
from training.corpus import read_corpus
from training.dictionary import (
    POCKETSPHINX_LANGUAGE,
    DictionaryReport,
    build_dictionary,
    read_pronunciations,
)
from training.general_words import general_english, read_general_words
from training.grammars import read_written_grammars
from training.inputs import (
    content_hash,
    corpus_hash,
    embedding_input,
    needs_training,
    training_inputs,
)
from training.intent_trainer import TrainerSettings, train_intent_model
from training.language_model import build_language_model
from training.model_card import ModelOrigin, model_card
from training.progress import Progress, silent
from training.report import TrainingReport, training_report, write_report
from training.report_page import report_page
from training.training_page import baselines_of, out_of_fold_report
from training.validation import save_validation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ivr.models.grammars import Grammars
    from training.corpus import Utterance
    from training.evaluation import Evaluation
    from training.intent_trainer import TrainedModel
    from training.model_report import ModelReport
    from training.sources import TrainingSources

__all__ = ["build_artefact", "build_ears", "needs_training"]

_LIBRARIES = ("numpy", "scipy", "scikit-learn")


def build_artefact(
    *,
    sources: TrainingSources,
    language: str,
    root: Path,
    progress: Progress = silent,
    settings: TrainerSettings | None = None,
    promote: bool = False,
) -> ModelArtefact:
    """Train on the sources; the result is a candidate, or in service where no usable model is.

    With `promote` it is put in service anyway. Takes seconds; one at a time. Raises
    `ConfigurationError` for a corpus or a dictionary that cannot be used; nothing under `root`
    changes then, nor when the process is killed.
    """
    settings = settings or TrainerSettings()
    progress("reading the corpus", 0.0)
    inputs = training_inputs(sources)
    if settings.embeddings:
        inputs = {**inputs, **embedding_input(installed_embedding())}
    utterances = read_corpus(sources.corpus, language)
    grammars = read_written_grammars(sources.grammars, language)
    confusions = read_confusions(sources.confusions, language) if sources.confusions else None
    sentences = [" ".join(spoken_words(utterance.text, language)) for utterance in utterances]
    with unfinished_folder(root, language) as folder:
        progress("building the language model", 0.02)
        dictionary = build_ears(sentences, grammars, language, folder, sources)
        model = train_intent_model(
            utterances, language, settings=settings, progress=progress, confusions=confusions
        )
        progress("writing the model", 0.95)
        save_parameters(model.parameters, folder)
        report = training_report(
            utterances, language, model, settings, dictionary, confusions=confusions
        )
        figures = _write_page(utterances, language, model, folder)
        write_report(report, folder / REPORT, figures)
        libraries = _library_versions()
        origin = _origin(language, inputs, sources, libraries)
        (folder / MODEL_CARD).write_text(model_card(report, origin), encoding="utf-8")
        manifest = _manifest(origin, inputs, folder, report, model.parameters.intents)
        artefact = install_artefact(folder, manifest)
    registry = ModelRegistry(root, language)
    if promote or not registry.has_usable:
        registry.promote(artefact.version, reason="trained", kind=ChangeKind.AUTOMATIC)
    progress("trained", 1.0)
    return artefact


def _write_page(
    utterances: Sequence[Utterance], language: str, model: TrainedModel, folder: Path
) -> ModelReport:
    """Write what people read of the training, and what `sternik evaluate` goes on from."""
    baselines = baselines_of(model)
    save_validation(model.out_of_fold, baselines, folder)
    figures = out_of_fold_report(utterances, language, model, baselines)
    (folder / REPORT_PAGE).write_text(report_page(figures), encoding="utf-8")
    return figures


def build_ears(
    sentences: Sequence[str],
    grammars: Grammars,
    language: str,
    folder: Path,
    sources: TrainingSources,
) -> DictionaryReport | None:
    """Write what recognisers are told to expect of normalised `sentences` into `folder`.

    Says how words are pronounced, None where that is the engine's business.
    """
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


def _library_versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        **{name: library_version(name) for name in _LIBRARIES},
    }


def _origin(
    language: str,
    inputs: Mapping[str, str],
    sources: TrainingSources,
    libraries: Mapping[str, str],
) -> ModelOrigin:
    return ModelOrigin(
        language=language,
        content=content_hash(inputs, language),
        corpus=corpus_hash(inputs),
        corpus_files=tuple(path.name for path in sources.corpus),
        normalisation=NORMALISATION,
        libraries=libraries,
    )


def _manifest(
    origin: ModelOrigin,
    inputs: Mapping[str, str],
    folder: Path,
    report: TrainingReport,
    intents: Iterable[str],
) -> Manifest:
    now = datetime.now(UTC)
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir())}
    return Manifest(
        format=FORMAT,
        version=f"{origin.language}-{now:%Y%m%d}-{origin.content[:8]}",
        language=origin.language,
        created=now.isoformat(timespec="seconds"),
        content=origin.content,
        corpus=origin.corpus,
        utterances=report.utterances,
        normalisation=origin.normalisation,
        inputs=inputs,
        files=files,
        hearing={role: name for role, name in HEARING.items() if name in files},
        intents=tuple(intents),
        metrics={
            **_summary("out_of_fold", report.out_of_fold_as_written),
            **_summary("out_of_fold_garbled", report.out_of_fold_garbled),
        },
        seeds={"training": report.seed},
        libraries=origin.libraries,
    )


def _summary(prefix: str, figures: Evaluation) -> dict[str, float]:
    return {
        f"{prefix}_accuracy": figures.accuracy,
        f"{prefix}_macro_f1": figures.macro_f1,
        f"{prefix}_log_loss": figures.log_loss,
        f"{prefix}_calibration_error": figures.calibration_error,
    }
