from __future__ import annotations

from importlib.resources import as_file, files

from alembic.script import ScriptDirectory

from ivr.store.schema import NEWEST_VERSION


def test_the_newest_version_of_the_tables_is_the_last_step_of_the_migrations() -> None:
    """Else a database that is up to date would be taken for an old one, or the other way round."""
    with as_file(files("ivr.store.migrations")) as folder:
        assert ScriptDirectory(str(folder)).get_current_head() == NEWEST_VERSION
