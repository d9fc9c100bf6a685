"""Calls, turns, decisions and the event log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Go to this revision; there is no way back but a backup."""
    _calls()
    _turns()
    _decisions()
    _events()
    _counters()


def _calls() -> None:
    texts = (
        "caller_number called_number channel language recogniser_engine acoustic_model "
        "language_model classifier_version policy_version outcome queue agent"
    )
    op.create_table(
        "calls",
        sa.Column("interaction_id", sa.String(64), nullable=False),
        sa.Column("started_at_seconds", sa.Double, nullable=False),
        sa.Column("ended_at_seconds", sa.Double),
        *(sa.Column(name, sa.String) for name in texts.split()),
        sa.Column("steered", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", name="pk_calls"),
    )
    op.create_index("ix_calls_started_at_seconds", "calls", ["started_at_seconds"])
    op.create_index(
        "ix_calls_caller_number_started_at_seconds",
        "calls",
        ["caller_number", "started_at_seconds"],
    )


def _turns() -> None:
    op.create_table(
        "turns",
        _interaction(),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("prompt", sa.String),
        sa.Column("words", sa.String),
        sa.Column("candidates", _JSON, nullable=False),
        sa.Column("at_seconds", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", "turn", name="pk_turns"),
        _belongs_to_call("turns"),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        _interaction(),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("turn", sa.Integer),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("intent", sa.String),
        sa.Column("probability", sa.Double),
        sa.Column("thresholds", _JSON, nullable=False),
        sa.Column("reasons", _JSON, nullable=False),
        sa.Column("queue", sa.String),
        sa.Column("priority", sa.Integer),
        sa.Column("policy_version", sa.String),
        sa.Column("model_version", sa.String),
        sa.Column("at_seconds", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", "number", name="pk_decisions"),
        _belongs_to_call("decisions"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("position", _POSITION, autoincrement=False, nullable=False),
        _interaction(),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("at_seconds", sa.Double, nullable=False),
        sa.Column("data", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("interaction_id", "number", name="uq_events_interaction_id_number"),
        _belongs_to_call("events"),
    )


def _counters() -> None:
    log_head = op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("position", _POSITION, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_head"),
        sa.CheckConstraint("id = 1", name="ck_log_head_one_row"),
    )
    op.bulk_insert(log_head, [{"id": 1, "position": 0}])
    op.create_table(
        "journals",
        sa.Column("journal_id", sa.String(32), nullable=False),
        sa.Column("last_batch", sa.Integer, nullable=False),
        sa.Column("at_seconds", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("journal_id", name="pk_journals"),
    )


def _interaction() -> sa.Column[str]:
    return sa.Column("interaction_id", sa.String(64), nullable=False)


def _belongs_to_call(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["interaction_id"],
        ["calls.interaction_id"],
        name=f"fk_{table}_interaction_id_calls",
        ondelete="CASCADE",
    )
