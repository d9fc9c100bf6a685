"""The tables of a report as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from training.confusion_picture import worst_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ivr.steering.policy import Thresholds
    from training.costs import Costs
    from training.intervals import Interval
    from training.measures import SetFigures
    from training.thresholds import Handling, ThresholdTable

MISTAKES_SHOWN = 15
_LOW, _MIDDLING = 0.75, 0.88


def sets_table(sets: Sequence[SetFigures]) -> str:
    """A row for each test set."""
    rows = (
        [
            f"{escape(one.name)}<br><small>{escape(one.about)}</small>",
            f"{one.count:,}<br><small>{one.units} {'speakers' if one.by_group else 'sentences'}</small>",
            _interval(one.accuracy),
            _interval(one.macro_f1),
            _share(one.keyword_accuracy),
            _share(one.majority_accuracy),
            f"{one.calibration_error:.3f}",
            "-" if one.out_of_scope_auroc is None else f"{one.out_of_scope_auroc:.3f}",
        ]
        for one in sets
    )
    headings = ("set", "sentences", "accuracy", "macro-F1", "keywords", "majority", "ECE")
    return _table((*headings, "out of scope AUROC"), rows, text_columns=1)


def intents_table(figures: SetFigures) -> str:
    """A row for each intent that occurs, the weakest first."""
    rows = (
        [
            escape(one.intent),
            f"{_bar(one.f1)}{100 * one.f1:.0f}",
            f"{100 * one.recall:.0f} %" if one.support else "-",
            f"{100 * one.precision:.0f} %" if one.taken else "-",
            str(one.support),
            str(one.taken),
        ]
        for one in sorted(figures.intents, key=lambda one: (one.f1, one.intent))
    )
    headings = ("intent", "F1", "found (recall)", "right when taken (precision)", "meant", "taken")
    return _table(headings, rows, text_columns=1)


def pairs_table(figures: SetFigures) -> str:
    """The most frequent confusions."""
    rows = (
        [escape(meant), escape(taken), str(count), f"{100 * share:.0f} %"]
        for meant, taken, count, share in worst_pairs(figures)
    )
    return _table(("meant", "taken for", "times", "of what was meant"), rows, text_columns=2)


def handling_table(sets: Sequence[SetFigures]) -> str:
    """What thresholds in force and chosen ones do to the callers of each set."""
    rows = [
        _handling_row(one.name, which, handling)
        for one in sets
        for which, handling in (("in force", one.in_force), ("chosen", one.chosen))
        if handling is not None
    ]
    headings = ("set", "thresholds", "cost", "routed right", "routed wrong", "asked again")
    return _table((*headings, "rightly refused"), rows, text_columns=2)


def costs_table(costs: Costs) -> str:
    """What was reckoned with."""
    rows = [
        ["one more question", f"{costs.question:g}"],
        *(
            [f"one more question, meant was {escape(intent)}", f"{cost:g}"]
            for intent, cost in sorted(costs.question_of.items())
        ),
        ["the wrong topic, but the right queue", f"{costs.same_queue:g}"],
        ["out of scope, yet routed", f"{costs.out_of_scope_routed:g}"],
        ["the wrong queue", f"{costs.wrong_route:g}"],
        *(
            [f"the wrong queue, meant was {escape(intent)}", f"{cost:g}"]
            for intent, cost in sorted(costs.wrong_route_of.items(), key=lambda item: -item[1])
        ),
    ]
    return _table(("mistake", "cost, in questions"), rows, text_columns=1)


def mistakes_table(sets: Sequence[SetFigures]) -> str:
    """The surest mistakes: of the first set, and of what was really heard."""
    spoken = [one for one in sets[1:] if one.name.startswith("spoken")]
    rows = (
        [
            f"<div class=said>“{escape(mistake.said)}”"
            + (
                f"<br><small>heard: {escape(mistake.heard) or 'nothing'}</small>"
                if mistake.heard
                else ""
            )
            + "</div>",
            escape(mistake.meant),
            escape(mistake.taken),
            f"{100 * mistake.probability:.0f} %",
        ]
        for one in (sets[0], *spoken)
        for mistake in one.mistakes[:MISTAKES_SHOWN]
    )
    return _table(("said", "meant", "taken for", "sure"), rows, text_columns=3)


def thresholds_yaml(chosen: ThresholdTable, in_force: ThresholdTable | None) -> str:
    """Lines for `dialplan/steering.yaml`; what is in force stands beside them."""
    lines = ["thresholds:", f"  acceptance: {_yaml(chosen.default)}{_now(in_force, None)}"]
    names = sorted({*chosen.intents, *(in_force.intents if in_force else ())})
    if names:
        lines.append("intents:")
    for name in names:
        at = chosen.of(name)
        lines += [f"  {name}:", f"    acceptance: {_yaml(at)}{_now(in_force, name)}"]
    return "\n".join(lines)


def _now(in_force: ThresholdTable | None, name: str | None) -> str:
    if in_force is None:
        return ""
    now = in_force.default
    for intent, thresholds in in_force.intents.items():
        now = thresholds if intent == name else now
    return f"  # now {now.probability:.2f}, {now.margin:.2f}"


def _yaml(thresholds: Thresholds) -> str:
    return f"{{probability: {thresholds.probability:.2f}, margin: {thresholds.margin:.2f}}}"


def _handling_row(name: str, which: str, handling: Handling) -> list[str]:
    return [
        escape(name),
        which,
        f"<b>{handling.cost:.3f}</b>",
        *(
            f"{100 * share:.1f} %"
            for share in (
                handling.right_share,
                handling.wrong_share,
                handling.asked_share,
                handling.refused_share,
            )
        ),
    ]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, text_columns: int) -> str:
    """Columns after the first `text_columns` hold numbers."""
    kinds = ["" if number < text_columns else " class=n" for number in range(len(headings))]
    head = "".join(f"<th{kind}>{text}</th>" for kind, text in zip(kinds, headings, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{text}</td>" for kind, text in zip(kinds, row, strict=True))
        + "</tr>\n"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _bar(share: float) -> str:
    kind = "low" if share < _LOW else "mid" if share < _MIDDLING else ""
    return f'<span class="bar"><u class="{kind}" style="width:{100 * share:.0f}%"></u></span>'


def _interval(interval: Interval) -> str:
    low, high = 100 * interval.low, 100 * interval.high
    return f"{100 * interval.value:.1f} %<br><small>{low:.1f} to {high:.1f}</small>"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
