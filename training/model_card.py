"""The model card: what a model is for, what it was made of, how good it is and where it is weak.

After Mitchell et al., "Model Cards for Model Reporting" (2019). It is written from the training report,
holds no time of day, and so is the same whenever the same inputs are trained on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.steering.intents import OUT_OF_SCOPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from training.evaluation import AcceptancePoint, Evaluation
    from training.report import TrainingReport

_LANGUAGES = {"en": "English", "ko": "Korean", "pl": "Polish"}
_CONFUSIONS_SHOWN = 10
_MARGIN_SHOWN = 0.2
_NOT_KNOWN = "n/a"
_EVERY_OTHER_THRESHOLD = 2

_USE = """\
It tells from what a caller of a bank's hotline says what they need, in one short utterance as a
recogniser writes it, and how probable each topic is. Sternik routes by it, together with the thresholds
of the policy (`dialplan/steering.yaml`).

Not for: telling who somebody is, judging people or their credit, long texts, written chats, other
banks' topics, or decisions that nobody can undo. A caller who is misunderstood must still reach a
person; Sternik's dialogue and dialplan see to that."""

_LIMITS = """\
- The figures are of typed sentences, as written and with words garbled at random. **Recognised speech
  errs in patterns**: expect less, and measure with speech.
- Penalty and temperature were chosen on the predictions that are reported. That flatters log loss and
  calibration a little.
- Sentences were written for the corpus; real callers are more varied, and some topics more frequent.
- Whatever is outside its topics and unlike all that it was shown may be taken for a topic.
- It knows one language. Nothing was measured by age, gender or accent of callers: the corpus does not
  say who speaks."""

_REPRODUCE = """\
Check out the sources whose hashes are under `inputs` in `manifest.json`, install the library versions
above, and run

    sternik train

The same inputs and libraries give the same files, bit by bit. `sternik model show` holds every file
against its hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOrigin:
    """What a model was made of: `content` is the hash of all inputs, `corpus` that of the corpus files."""

    language: str
    content: str
    corpus: str
    corpus_files: tuple[str, ...]
    normalisation: int
    libraries: Mapping[str, str]


def model_card(report: TrainingReport, origin: ModelOrigin) -> str:
    """Write the card, Markdown."""
    language = _LANGUAGES.get(origin.language, origin.language)
    sections = (
        (f"# Model card: {language} call steering, {origin.content[:8]}", _introduction(origin)),
        ("## Intended use", _USE),
        ("## Corpus", _corpus(report, origin)),
        ("## Figures", _figures(report)),
        ("## Intents", _intents(report)),
        ("## Most frequent confusions", _confusions(report.out_of_fold_as_written)),
        ("## Thresholds", _thresholds(report)),
        ("## Limits", _limits(report)),
        ("## How to make it again", f"{_made_with(report, origin)}\n\n{_REPRODUCE}"),
    )
    return "\n\n".join(f"{title}\n\n{text}" for title, text in sections) + "\n"


def _introduction(origin: ModelOrigin) -> str:
    return (
        f"A linear classifier of intents, with the language model, dictionary and grammars made from the"
        f" same corpus, in one artefact. The last part of its version is `{origin.content[:8]}`, the start"
        f" of the hash of all inputs. Licence: that of Sternik (Apache-2.0) and of the corpus."
    )


def _corpus(report: TrainingReport, origin: ModelOrigin) -> str:
    files = ", ".join(f"`{name}`" for name in origin.corpus_files)
    thin = ", ".join(f"{intent} ({count})" for intent, count in report.thin_intents.items())
    few = f"\n\nFew sentences: {thin}." if thin else ""
    return (
        f"{report.utterances} sentences in {len(report.utterances_by_intent)} intents, from {files};"
        f" SHA-256 of the corpus `{origin.corpus}`. Texts went through normalisation"
        f" {origin.normalisation} (`ivr/steering/text.py`), the same as in serving.{few}"
    )


def _figures(report: TrainingReport) -> str:
    written, garbled = report.out_of_fold_as_written, report.out_of_fold_garbled
    words = f"garbled, {report.garbled_word_error_rate:.0%} of words wrong"
    rows = (
        ("sentences", str(written.count), str(garbled.count)),
        ("right", _percent(written.accuracy), _percent(garbled.accuracy)),
        ("macro F1", f"{written.macro_f1:.3f}", f"{garbled.macro_f1:.3f}"),
        ("log loss (nats)", f"{written.log_loss:.3f}", f"{garbled.log_loss:.3f}"),
        (
            "calibration error, ten bins",
            f"{written.calibration_error:.3f}",
            f"{garbled.calibration_error:.3f}",
        ),
        (
            "AUROC of out of scope",
            _optional(written.out_of_scope_auroc),
            _optional(garbled.out_of_scope_auroc),
        ),
    )
    return f"{report.method}\n\n" + _table(("", "as written", words), rows)


def _intents(report: TrainingReport) -> str:
    said = report.utterances_by_intent
    written = _by_intent(said, report.out_of_fold_as_written)
    garbled = _by_intent(said, report.out_of_fold_garbled)
    header = ("intent", "sentences", "recall", "precision", "recall, garbled", "precision, garbled")
    rows = ((intent, str(said[intent]), *written[intent], *garbled[intent]) for intent in said)
    return "Out of fold, as above.\n\n" + _table(header, rows)


def _by_intent(said: Mapping[str, int], figures: Evaluation) -> dict[str, tuple[str, str]]:
    """Recall and precision of each intent, as shown; every sentence is judged once."""
    missed: Counter[str] = Counter()
    mistaken: Counter[str] = Counter()
    for confusion in figures.confusions:
        missed[confusion.said] += confusion.count
        mistaken[confusion.understood] += confusion.count
    right = {intent: count - missed[intent] for intent, count in said.items()}
    return {
        intent: (
            _share(right[intent], said[intent]),
            _share(right[intent], right[intent] + mistaken[intent]),
        )
        for intent in said
    }


def _confusions(figures: Evaluation) -> str:
    if not figures.confusions:
        return "None."
    rows = (
        (confusion.said, confusion.understood, str(confusion.count))
        for confusion in figures.confusions[:_CONFUSIONS_SHOWN]
    )
    return _table(("said", "understood", "times"), rows)


def _thresholds(report: TrainingReport) -> str:
    points = [
        point
        for point in report.out_of_fold_garbled.acceptance
        if abs(point.margin - _MARGIN_SHOWN) < 1e-9  # noqa: PLR2004 (margins are decimal fractions)
    ]
    rows = (_threshold_row(point) for point in points[::_EVERY_OTHER_THRESHOLD])
    header = ("probability from", "in scope accepted", "wrong of accepted", "out of scope let in")
    return (
        "The model holds none: the policy sets probability and margin, for each topic by what a mistake"
        f" costs. On garbled sentences, at a margin of {_MARGIN_SHOWN:.2f}:\n\n"
        + _table(header, rows)
        + "\n\n`acceptance` in `report.json` has all pairs, for sentences as written too."
    )


def _threshold_row(point: AcceptancePoint) -> tuple[str, ...]:
    outside = point.out_of_scope_accepted_share
    return (
        f"{point.probability:.2f}",
        _percent(point.accepted_share),
        _percent(point.wrong_share),
        _NOT_KNOWN if outside is None else _percent(outside),
    )


def _limits(report: TrainingReport) -> str:
    limits = [_LIMITS]
    if OUT_OF_SCOPE not in report.utterances_by_intent:
        limits.append("- The corpus has nothing out of scope: everything is taken for some topic.")
    if report.words_without_pronunciation:
        count = len(report.words_without_pronunciation)
        limits.append(f"- PocketSphinx can never hear {count} words of the corpus (`report.json`).")
    if report.words_pronounced_by_rule:
        count = len(report.words_pronounced_by_rule)
        limits.append(
            f"- {count} words are pronounced by rule, which may be wrong (`report.json`)."
        )
    return "\n".join(limits)


def _made_with(report: TrainingReport, origin: ModelOrigin) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in origin.libraries.items())
    return (
        f"Seed {report.seed}, {report.folds} folds, penalty {report.penalty:g}, temperature"
        f" {report.temperature:.3f}. With {libraries}. SHA-256 of all inputs: `{origin.content}`."
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _share(part: int, whole: int) -> str:
    return _percent(part / whole) if whole else _NOT_KNOWN


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _optional(figure: float | None) -> str:
    return _NOT_KNOWN if figure is None else f"{figure:.3f}"
