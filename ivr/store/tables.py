"""The database's tables. Times are Unix seconds (UTC), so that both engines store the same value.

`migrations/versions` makes them; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
# SQLite counts rows in 64 bits only for a column that is declared INTEGER.
Position = BigInteger().with_variant(Integer, "sqlite")


def _interaction() -> Column[str]:
    return Column(
        "interaction_id",
        ForeignKey("calls.interaction_id", ondelete="CASCADE"),
        primary_key=True,
    )


calls = Table(
    "calls",
    metadata,
    Column("interaction_id", String(64), primary_key=True),
    Column("started_at_seconds", Double, nullable=False),
    Column("ended_at_seconds", Double),
    Column("caller_number", String),  # E.164; null when withheld
    Column("called_number", String),
    Column("channel", String),
    Column("language", String),
    Column("recogniser_engine", String),
    Column("acoustic_model", String),
    Column("language_model", String),
    Column("classifier_version", String),
    Column("policy_version", String),
    Column("outcome", String),
    Column("queue", String),
    Column("agent", String),
    Column("steered", Boolean(create_constraint=False), nullable=False),
    Index(None, "started_at_seconds"),
    Index(None, "caller_number", "started_at_seconds"),
)

turns = Table(
    "turns",
    metadata,
    _interaction(),
    Column("turn", Integer, primary_key=True),
    Column("prompt", String),  # what played last before the caller spoke
    Column("words", String),  # masked; null when nothing was said
    Column("candidates", Json, nullable=False),  # [{"intent": …, "probability": 0..1}]
    Column("at_seconds", Double, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    _interaction(),
    Column("number", Integer, primary_key=True),  # of the event that told it
    Column("turn", Integer),
    Column("kind", String, nullable=False),
    Column("intent", String),
    Column("probability", Double),
    Column("thresholds", Json, nullable=False),
    Column("reasons", Json, nullable=False),  # sentences
    Column("queue", String),
    Column("priority", Integer),
    Column("policy_version", String),
    Column("model_version", String),
    Column("at_seconds", Double, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),
    Column(
        "interaction_id",
        ForeignKey("calls.interaction_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("number", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("at_seconds", Double, nullable=False),
    Column("data", Json, nullable=False),
    UniqueConstraint("interaction_id", "number"),
)

# One row. Whoever appends events updates it first, and so waits until the one before has committed.
log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", Position, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

# How far each running journal has come, so that a batch whose commit was never confirmed is not
# written twice.
journals = Table(
    "journals",
    metadata,
    Column("journal_id", String(32), primary_key=True),
    Column("last_batch", Integer, nullable=False),
    Column("at_seconds", Double, nullable=False),
)
