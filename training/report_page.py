"""The report as one page of HTML: no script, no network, for light, dark and paper."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from training.comparison import Verdict
from training.confusion_picture import confusion_picture, worst_pairs
from training.report_pictures import (
    accuracy_picture,
    calibration_picture,
    cost_picture,
    coverage_picture,
)
from training.report_tables import (
    costs_table,
    handling_table,
    intents_table,
    mistakes_table,
    pairs_table,
    sets_table,
    thresholds_yaml,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.intervals import Interval
    from training.measures import SetFigures
    from training.model_report import ModelReport

_WEAK_SHOWN = 5
_CSS = "report_page.css"
_VERDICT_CLASS = {Verdict.BETTER: "good", Verdict.WORSE: "bad", Verdict.CANNOT_TELL: "warn"}


def report_page(report: ModelReport) -> str:
    """The whole page; the same report gives the same bytes."""
    css = files("training").joinpath(_CSS).read_text(encoding="utf-8")
    title = f"Intent model {report.model.version or report.model.language}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{css}</style></head>\n<body><main>\n"
        f"<h1>{escape(title)}</h1>\n" + "\n".join(_sections(report)) + "\n</main></body></html>\n"
    )


def _sections(report: ModelReport) -> Iterator[str]:
    first = report.sets[0]
    yield _subtitle(report)
    yield _cards(report, first)
    yield from _remarks(report)
    yield from _comparisons(report)
    yield from _what_is_weak(first)
    yield _heading(
        "On text, on noise, on speech",
        "Dots are accuracy, diamonds macro-F1, lines their 95 % intervals; the red tick is what three"
        " keywords an intent would get without any model.",
    )
    yield _panel(accuracy_picture(report.sets)) + "<br>" + _panel(sets_table(report.sets))
    yield from _confusions(first)
    yield _heading("Intent by intent", f"On “{escape(first.name)}”, the weakest first.")
    yield _panel(intents_table(first))
    yield from _honesty(report)
    yield from _thresholds(report)
    yield _heading(
        "The worst mistakes",
        "Wrong and sure of it, the surest first. Numbers that could name a person are masked. Read them"
        " for wrong labels too: often the model is right.",
    )
    yield _panel(mistakes_table(report.sets))
    yield f"<footer><p>{escape(report.method)}</p></footer>"


def _subtitle(report: ModelReport) -> str:
    model = report.model
    when = f", made {escape(model.created[:16].replace('T', ' '))} UTC" if model.created else ""
    return (
        f'<p class="sub">{escape(model.language)}: {model.intents} intents learned from'
        f" {model.training_sentences:,} sentences{when}. Figures on “{escape(report.sets[0].name)}”"
        f" ({report.sets[0].count:,} sentences) unless another set is named.</p>"
    )


def _cards(report: ModelReport, first: SetFigures) -> str:
    cards = [
        _card("accuracy", _share(first.accuracy.value), _range(first.accuracy)),
        _card("macro-F1", _share(first.macro_f1.value), _range(first.macro_f1)),
        _card("calibration error", f"{first.calibration_error:.3f}", "0 is honest"),
    ]
    handling = first.in_force or first.chosen
    if handling is not None:
        which = "in force" if first.in_force else "chosen"
        routed = handling.right_share + handling.wrong_share
        wrong = handling.wrong_share / routed if routed else 0.0
        cards.append(_card(f"routed ({which})", _share(routed), f"{wrong:.1%} of them wrong"))
    model = report.model
    if model.latency is not None:
        took = f"{model.latency.p95_ms:.2f} ms"
        cards.append(
            _card(
                "latency, p95",
                took,
                f"p50 {model.latency.p50_ms:.2f}; of a core {model.latency.core_p95_ms:.2f}",
            )
        )
    if model.classifier_bytes:
        size = f"{model.classifier_bytes / 1e6:.1f} MB"
        cards.append(_card("classifier", size, f"{model.artefact_bytes / 1e6:.1f} MB in all"))
    return f'<div class="cards">{"".join(cards)}</div>'


def _card(what: str, value: str, more: str) -> str:
    return f'<div class="card"><span>{what}</span><b>{value}</b><i>{more}</i></div>'


def _remarks(report: ModelReport) -> Iterator[str]:
    if report.remarks:
        items = "".join(f"<li>{escape(remark)}</li>" for remark in report.remarks)
        yield f'<div class="note warn"><p><b>Know this first</b></p><ul>{items}</ul></div>'


def _comparisons(report: ModelReport) -> Iterator[str]:
    if report.comparisons:
        old = escape(report.comparisons[0].old)
        yield _heading(f"Against {old}", "Both judged the same sentences, paired.")
    for one in report.comparisons:
        yield (
            f'<div class="note {_VERDICT_CLASS[one.verdict]}"><p><b>{escape(one.on)}:'
            f" {one.verdict}</b> <span class=quiet>{_share(one.old_accuracy)} →"
            f" {_share(one.new_accuracy)} of {one.count:,}</span></p><p>{escape(one.words)}</p></div>"
        )


def _what_is_weak(first: SetFigures) -> Iterator[str]:
    weak = sorted((one for one in first.intents if one.support), key=lambda one: one.f1)
    named = ", ".join(
        f"<b>{escape(one.intent)}</b> ({one.recall:.0%} found, {one.precision:.0%} of what it takes"
        " is right)"
        for one in weak[:_WEAK_SHOWN]
    )
    pairs = ", ".join(
        f"{escape(meant)} taken for {escape(taken)} ({count})"
        for meant, taken, count, _ in worst_pairs(first)[:_WEAK_SHOWN]
    )
    yield '<h2>What is weak</h2><div class="note">'
    yield f"<p>Weakest intents: {named}.</p>"
    yield f"<p>Most often confused: {pairs or 'nothing'}.</p></div>"


def _confusions(first: SetFigures) -> Iterator[str]:
    yield _heading(
        "What is taken for what",
        "Rows are what was meant, columns (the same order) what was understood; the stronger the colour, the"
        " larger the share of the row. Green is right, red is wrong. Neighbours are intents that are"
        " confused with each other, framed where that is much; bold ones are found less often than the"
        " median. Point at a cell for its numbers.",
    )
    yield _panel(confusion_picture(first)) + "<br>" + _panel(pairs_table(first))


def _honesty(report: ModelReport) -> Iterator[str]:
    yield '<div class="two"><div>'
    yield _heading(
        "Does it know when it knows?", "On the diagonal, “80 % sure” is right 80 times in 100."
    )
    yield _panel(calibration_picture(report.sets)) + "</div><div>"
    yield _heading("Act only when sure", "What is left to ask again buys fewer mistakes.")
    yield _panel(coverage_picture(report.sets)) + "</div></div>"


def _thresholds(report: ModelReport) -> Iterator[str]:
    chosen, in_force = report.chosen, report.in_force
    yield _heading(
        "Thresholds by what mistakes cost",
        "Chosen on out-of-fold predictions of the training corpus, then applied here. A cost of 1 is one"
        " more question to the caller.",
    )
    at, now = (table.default.probability if table else None for table in (chosen, in_force))
    yield _panel(cost_picture(report.sets, at, now))
    yield "<br>" + _panel(handling_table(report.sets))
    if chosen is not None:
        yield (
            "<p>The chosen ones, for <code>dialplan/steering.yaml</code> (<code>early</code> must be no"
            " lower; raise it where it is):</p>"
        )
        yield f"<pre>{escape(thresholds_yaml(chosen, in_force))}</pre>"
    yield _panel(costs_table(report.costs))


def _heading(title: str, lead: str) -> str:
    return f'<h2>{title}</h2>\n<p class="lead">{lead}</p>'


def _panel(inner: str) -> str:
    return f'<div class="panel">{inner}</div>'


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _range(interval: Interval) -> str:
    return f"95 %: {100 * interval.low:.1f} to {100 * interval.high:.1f}"
