"""Checks a corpus: everything that is wrong with it, and how varied it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ivr.steering.intents import IntentId
from ivr.steering.text import normalise, spoken_words
from training.corpus import FEW_UTTERANCES, survey_corpus
from training.corpus_checks.duplicates import check_duplicates
from training.corpus_checks.findings import FindingKind, Findings, Sentence, Severity
from training.corpus_checks.health import CorpusHealth, corpus_health
from training.corpus_checks.label_noise import LEAST_OF_INTENT, find_label_noise
from training.corpus_checks.near_duplicates import NEAR
from training.corpus_checks.personal_data import find_personal_data
from training.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from training.corpus import BadRows, Utterance


class Vocabulary(Protocol):
    """What the recogniser of a language can hear."""

    @property
    def name(self) -> str:
        """Who listens, in words."""

    def unheard(self, words: Collection[str]) -> frozenset[str]:
        """Those words that it cannot hear."""

    def guessed(self, words: Collection[str]) -> Mapping[str, str]:
        """Those that it hears by a pronunciation that was made by rule, with that pronunciation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What to check: `languages` () means all; `held_out` are files for testing only.

    `default_language` is that of rows whose file does not tell. `near` is the least similarity (0.6..1)
    of near duplicates; `doubtful` how many doubtful labels are told.
    """

    languages: tuple[str, ...] = ()
    held_out: frozenset[Path] = frozenset()
    default_language: str = ""
    near: float = NEAR
    doubtful: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageCheck:
    """What was found in one language.

    `agreement` (0..1) is how many labels a model would have given that had not seen them, None where it
    could not be asked. `not_checked` says what was left out, and why.
    """

    health: CorpusHealth
    findings: Findings
    agreement: float | None
    not_checked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusCheck:
    """What was found: in the files as such, and by language."""

    files: tuple[Path, ...]
    findings: Findings
    languages: Mapping[str, LanguageCheck]

    def count(self, severity: Severity) -> int:
        """How many findings of this severity there are in all."""
        found = (self.findings, *(one.findings for one in self.languages.values()))
        return sum(findings.of(severity) for findings in found)


def check_corpus(
    files: Sequence[Path],
    settings: CheckSettings,
    vocabulary_of: Callable[[str], Vocabulary | str],
    *,
    progress: Progress = silent,
) -> CorpusCheck:
    """Read and check; bad rows are told and the others checked all the same.

    `vocabulary_of` gives for a language what its recogniser hears, or why that is not known. 100,000
    rows take minutes. Raises `ConfigurationError` for a file that cannot be read at all.
    """
    progress("reading", 0.0)
    held_out = {path.resolve() for path in settings.held_out}
    findings = Findings()
    by_language: defaultdict[str, list[Sentence]] = defaultdict(list)
    for path in files:
        utterances, bad = survey_corpus([path], settings.default_language)
        _tell_bad_rows(bad, findings)
        for utterance in utterances:
            sentence = Sentence(
                utterance=utterance,
                words=normalise(utterance.text, utterance.language),
                held_out=path.resolve() in held_out,
            )
            by_language[utterance.language].append(sentence)
    chosen = settings.languages or tuple(sorted(by_language))
    for language in chosen:
        if not by_language[language]:
            findings.add(FindingKind.EMPTY, f"no sentence that can be used in {language!r}")
    if not chosen:
        findings.add(FindingKind.EMPTY, "no sentence that can be used")
    return CorpusCheck(
        files=tuple(files),
        findings=findings,
        languages={
            language: _check_language(
                by_language[language], language, settings, vocabulary_of(language), progress
            )
            for language in chosen
            if by_language[language]
        },
    )


def _tell_bad_rows(bad: BadRows, findings: Findings) -> None:
    for row in bad.first:
        findings.add(FindingKind.BAD_ROW, row.problem, row.where)
        _check_personal_data(row.text, "", row.where, findings)
    findings.counts[FindingKind.BAD_ROW] += bad.count - len(bad.first)


def _check_language(
    sentences: Sequence[Sentence],
    language: str,
    settings: CheckSettings,
    vocabulary: Vocabulary | str,
    progress: Progress,
) -> LanguageCheck:
    def step(name: str, share: float) -> None:
        progress(f"{language}: {name}", share)

    findings, not_checked = Findings(), []
    step("looking for personal data", 0.0)
    for sentence in sentences:
        _check_personal_data(sentence.utterance.text, language, sentence.where, findings)
    _check_amounts(sentences, findings)
    _check_groups(sentences, findings)
    near_duplicates = check_duplicates(sentences, findings, near=settings.near, progress=step)
    agreement = _check_labels(sentences, settings, findings, step)
    if agreement is None:
        not_checked.append("labels: fewer than two intents have four sentences")
    if isinstance(vocabulary, str):
        not_checked.append(f"words that cannot be heard: {vocabulary}")
    else:
        _check_words([sentence.utterance for sentence in sentences], vocabulary, findings)
    step("done", 1.0)
    return LanguageCheck(
        health=corpus_health(sentences, language, near_duplicates),
        findings=findings,
        agreement=agreement,
        not_checked=tuple(not_checked),
    )


def _check_personal_data(text: str, language: str, where: str, findings: Findings) -> None:
    for found in find_personal_data(text, language):
        certain = found.kind.is_certain
        kind = FindingKind.PERSONAL_DATA if certain else FindingKind.PERHAPS_PERSONAL_DATA
        findings.add(kind, f"{found.kind.value}: {found.shown}", where)


def _check_amounts(sentences: Iterable[Sentence], findings: Findings) -> None:
    """Check that there is enough to train on; of a corpus that is all held out, enough to test on."""
    every = list(sentences)
    rows = [one for one in every if not one.held_out] or every
    counts = Counter(one.intent for one in rows)
    if len(counts) == 1:
        message = f"all {len(rows)} sentences are {rows[0].intent}: at least two intents are needed"
        findings.add(FindingKind.ONE_INTENT, message)
    for intent, count in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        if count < LEAST_OF_INTENT:
            least = f"{LEAST_OF_INTENT} are the least, {FEW_UTTERANCES} are good"
            findings.add(FindingKind.TOO_FEW, f"{intent}: {count} ({least})")
        elif count < FEW_UTTERANCES and rows is not every:
            findings.add(FindingKind.FEW, f"{intent}: {count} (at least {FEW_UTTERANCES} are good)")


def _check_groups(sentences: Iterable[Sentence], findings: Findings) -> None:
    groups: defaultdict[IntentId, set[str]] = defaultdict(set)
    splits: defaultdict[str, dict[bool, str]] = defaultdict(dict)
    for one in sentences:
        if not one.held_out:
            groups[one.intent].add(one.utterance.group)
        splits[one.utterance.group].setdefault(one.held_out, one.where)
    for intent, names in sorted(groups.items()):
        if len(names) == 1:
            findings.add(FindingKind.ONE_GROUP, f"{intent}: only {next(iter(names))}")
    for group, places in splits.items():
        if len(places) > 1:
            findings.add(FindingKind.GROUP_ACROSS_SPLITS, group, places[False], places[True])


def _check_labels(
    sentences: Sequence[Sentence], settings: CheckSettings, findings: Findings, progress: Progress
) -> float | None:
    noise = find_label_noise(
        [one.words for one in sentences],
        [one.intent for one in sentences],
        [f"{one.held_out}/{one.utterance.group}" for one in sentences],
        progress=progress,
    )
    if noise is None:
        return None
    for one in noise.suspicious[: settings.doubtful]:
        sentence = sentences[one.row]
        message = (
            f"“{sentence.words}” is {one.given} ({one.given_probability:.2f}); the model thought"
            f" {one.thought} ({one.thought_probability:.2f})"
        )
        findings.add(FindingKind.DOUBTFUL_LABEL, message, sentence.where)
    findings.counts[FindingKind.DOUBTFUL_LABEL] = len(noise.suspicious)
    return noise.agreement


def _check_words(
    utterances: Iterable[Utterance], vocabulary: Vocabulary, findings: Findings
) -> None:
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for utterance in utterances:
        for word in spoken_words(utterance.text, utterance.language):
            counts[word] += 1
            first.setdefault(word, utterance.where)
    unheard, guessed = vocabulary.unheard(counts.keys()), vocabulary.guessed(counts.keys())
    for word in sorted(unheard, key=lambda word: (-counts[word], word)):
        findings.add(FindingKind.UNHEARD_WORD, f"{word}, {_times(counts[word])}", first[word])
    for word in sorted(guessed, key=lambda word: (-counts[word], word)):
        message = f"{word} {guessed[word]}, {_times(counts[word])}"
        findings.add(FindingKind.GUESSED_WORD, message, first[word])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
