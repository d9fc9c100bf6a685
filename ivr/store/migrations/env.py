"""Alembic's entry: runs the steps on the connection that `ivr.store.migration` hands over."""

from __future__ import annotations

from alembic import context

from ivr.store.migration import CONNECTION
from ivr.store.tables import metadata

context.configure(
    connection=context.config.attributes[CONNECTION],
    target_metadata=metadata,
    # The connection's owner has begun the transaction, on SQLite too: all steps happen or none.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
