"""What `sternik corpus check --json` prints; keys are added over time, and never change their meaning."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from training.corpus_checks.findings import FindingKind, Findings, Severity

if TYPE_CHECKING:
    from training.corpus_checks.check import CorpusCheck
    from training.corpus_checks.health import CorpusHealth


def as_json(check: CorpusCheck) -> dict[str, Any]:
    """Counts of errors and warnings, figures by language, and up to 1,000 findings of each kind."""
    return {
        "files": [str(path) for path in check.files],
        "errors": check.count(Severity.ERROR),
        "warnings": check.count(Severity.WARNING),
        "findings": _findings(check.findings),
        "languages": {
            language: {
                "health": _health(found.health, found.agreement),
                "findings": _findings(found.findings),
                "not_checked": list(found.not_checked),
            }
            for language, found in check.languages.items()
        },
    }


def _findings(findings: Findings) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind.value,
            "severity": kind.severity.value,
            "count": findings.counts[kind],
            "found": [
                {"where": list(finding.where), "message": finding.message}
                for finding in findings.kept.get(kind, [])
            ],
        }
        for kind in FindingKind
        if findings.counts[kind]
    ]


def _health(health: CorpusHealth, agreement: float | None) -> dict[str, Any]:
    figures = dataclasses.asdict(health)
    figures["rows_by_intent"] = {
        intent: {"training": training, "held_out": held_out}
        for intent, (training, held_out) in health.rows_by_intent.items()
    }
    return figures | {"label_agreement": agreement}
