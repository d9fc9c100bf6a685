"""What a recogniser makes of what is said: counted once with real speech, kept in a small file.

The file is CSV (`said,heard,count`) below a head of `# name: value` lines, sorted, for people to read.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError
from ivr.steering.text import OTHER_SPEECH, is_other_speech, normalise
from training.alignment import align, word_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

COLUMNS = ("said", "heard", "count")
MOST_ROWS = 9000
MOST_BYTES = 1_000_000
RATE_STEPS = 10
HEARD_TOO_BADLY = 0.6
"""Above this word error rate it is chance which heard word stands beside which said one."""

_MOST_WORDS = 2
_MOST_LISTED = 20
_TEXTS = ("engine", "language", "made_of")
_RATES = "utterances_by_error_rate"
_ADVICE = "Take the shipped file again, or make it anew with `sternik confusions learn`."

Unit = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardUtterance:
    """One sentence as said and as heard, and the line's condition by name."""

    said: str
    heard: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusions:
    """How often what was heard as what, by one engine in one language.

    `counts` maps what was said and heard at one place, '' to two words each, to how often; right words
    are among them; what was said in utterances of a word error rate above `HEARD_TOO_BADLY` is not, but
    counts in all else. Other speech is `[unk]`, whatever word stood in the brackets.
    `utterances_by_error_rate` has eleven counts, for word error rates that round to 0, 0.1, … and to 1
    or more. `made_of` tells people what voices, lines and sentences it comes from;
    `error_rates` (0..) are word error rates by condition, `word_error_rate` is that of all.
    """

    engine: str
    language: str
    made_of: str
    sentences: int
    words: int
    word_error_rate: float
    error_rates: Mapping[str, float]
    utterances_by_error_rate: tuple[int, ...]
    counts: Mapping[Unit, int]


def count_confusions(
    utterances: Sequence[HeardUtterance], *, engine: str, language: str, made_of: str
) -> Confusions:
    """Align and count; raises `ConfigurationError` when no word was said."""
    counts: Counter[Unit] = Counter()
    errors: Counter[str] = Counter()
    words: Counter[str] = Counter()
    rates = [0] * (RATE_STEPS + 1)
    for utterance in utterances:
        said = normalise(utterance.said, language).split()
        heard = heard_words(utterance.heard, language)
        wrong = word_errors(said, heard)
        errors[utterance.condition] += wrong
        words[utterance.condition] += len(said)
        rates[min(round(RATE_STEPS * wrong / max(len(said), 1)), RATE_STEPS)] += 1
        if wrong <= HEARD_TOO_BADLY * len(said):
            counts.update((pair.said, _without_words(pair.heard)) for pair in align(said, heard))
    if not words.total():
        raise ConfigurationError("nothing was said", advice="Give sentences with words.")
    return Confusions(
        engine=engine,
        language=language,
        made_of=made_of,
        sentences=len(utterances),
        words=words.total(),
        word_error_rate=errors.total() / words.total(),
        error_rates={name: errors[name] / words[name] for name in sorted(words) if words[name]},
        utterances_by_error_rate=tuple(rates),
        counts=dict(sorted(counts.most_common(MOST_ROWS))),
    )


def heard_words(text: str, language: str) -> list[str]:
    """Recognised words, normalised but for brackets, which keep their word."""
    words = [word if is_other_speech(word) else normalise(word, language) for word in text.split()]
    return " ".join(words).split()


def _without_words(heard: str) -> str:
    return " ".join(OTHER_SPEECH if is_other_speech(word) else word for word in heard.split())


def write_confusions(confusions: Confusions, path: Path) -> None:
    """Write the file (replaced in one step)."""
    rates = " ".join(f"{name}={rate:.3f}" for name, rate in confusions.error_rates.items())
    head = {
        "engine": confusions.engine,
        "language": confusions.language,
        "made_of": confusions.made_of,
        "sentences": confusions.sentences,
        "words": confusions.words,
        "word_error_rate": f"{confusions.word_error_rate:.4f}",
        "error_rates": rates,
        _RATES: " ".join(map(str, confusions.utterances_by_error_rate)),
    }
    written = io.StringIO()
    written.writelines(f"# {name}: {value}\n" for name, value in head.items())
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows((*unit, count) for unit, count in sorted(confusions.counts.items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(written.getvalue(), encoding="utf-8")
    unfinished.replace(path)


def read_confusions(path: Path, language: str) -> Confusions:
    """Read a file of this language, or nothing of it.

    Raises `ConfigurationError`, which names up to 20 bad rows by line.
    """
    lines = _lines(path)
    head = dict(_head_line(line) for line in lines if line.startswith("#"))
    start = sum(1 for line in lines if line.startswith("#"))
    counts, problems = _rows(lines[start:], start + 1)
    if problems:
        shown = [f"{path}:{problem}" for problem in problems[:_MOST_LISTED]]
        shown += [f"and {len(problems) - _MOST_LISTED} more"] * (len(problems) > _MOST_LISTED)
        raise _mistake(path, "\n  ".join([f"{len(problems)} bad rows:", *shown]))
    try:
        found = _confusions(head, counts)
    except (KeyError, ValueError) as error:
        raise _mistake(path, f"the head lacks {error} or has no number there") from error
    if found.language != language:
        raise _mistake(path, f"is of language {found.language!r}, not {language!r}")
    return found


def _confusions(head: Mapping[str, str], counts: Mapping[Unit, int]) -> Confusions:
    rates = tuple(map(int, head[_RATES].split()))
    if len(rates) != RATE_STEPS + 1 or min(rates) < 0 or not sum(rates):
        raise ValueError(_RATES)
    error_rate, words = float(head["word_error_rate"]), int(head["words"])
    if not error_rate >= 0 or words < 1:
        raise ValueError("word_error_rate")
    named = (rate.rpartition("=") for rate in head["error_rates"].split())
    return Confusions(
        **{name: head[name] for name in _TEXTS},
        sentences=int(head["sentences"]),
        words=words,
        word_error_rate=error_rate,
        error_rates={name: float(rate) for name, _, rate in named},
        utterances_by_error_rate=rates,
        counts=counts,
    )


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _mistake(path, f"is larger than {MOST_BYTES} bytes")
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise _mistake(path, f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise _mistake(path, "is not UTF-8") from error


def _head_line(line: str) -> tuple[str, str]:
    name, _, value = line.lstrip("# ").partition(":")
    return name.strip(), value.strip()


def _rows(lines: Iterable[str], first: int) -> tuple[dict[Unit, int], list[str]]:
    counts: dict[Unit, int] = {}
    problems: list[str] = []
    for number, row in enumerate(csv.reader(lines), start=first):
        if number == first:
            problem = "" if tuple(row) == COLUMNS else f"not the columns {','.join(COLUMNS)}"
        else:
            problem = _row_problem(row, counts)
        if problem:
            problems.append(f"{number}: {problem}")
        elif number > first:
            counts[row[0], row[1]] = int(row[2])
    if not counts and not problems:
        problems.append(f"{first}: no counts")
    return counts, problems


def _row_problem(row: Sequence[str], counts: Mapping[Unit, int]) -> str:
    """Say what is wrong with a row; '' when nothing is."""
    if len(row) != len(COLUMNS):
        return f"{len(row)} fields, not {len(COLUMNS)}"
    said, heard, count = row
    if not (count.isascii() and count.isdigit() and int(count)):
        return f"{count!r} is no count"
    if not said and not heard:
        return "neither said nor heard"
    if max(len(said.split()), len(heard.split())) > _MOST_WORDS:
        return f"more than {_MOST_WORDS} words at once"
    return f"{said!r} heard as {heard!r} stands twice" if (said, heard) in counts else ""


def _mistake(path: Path, problem: str) -> ConfigurationError:
    return ConfigurationError(problem, advice=_ADVICE, where=str(path))
