"""The versions of one language's model: which there are, which is in service, and how that changes.

Everything lies in `<root>/<language>/`: a folder a version, `current`, which names the one in service,
and `history.jsonl`. Changes are made one at a time, by whichever process; a server notices them by
looking at `current`.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.artefact import current_version, is_version, load_version
from ivr.models.artefact_lease import is_leased
from ivr.models.artefact_writer import UNFINISHED, point_to
from ivr.models.manifest import MANIFEST, Manifest, read_manifest, unusable
from ivr.models.model_check import open_classifier
from ivr.models.service_history import (
    ChangeKind,
    ServiceChange,
    append_change,
    read_history,
    service_stack,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ivr.models.artefact import ModelArtefact

_LIST = "see `sternik model list`"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVersion:
    """One version; `manifest` is None when it cannot be read, and `problem` is '' when all is well."""

    version: str
    manifest: Manifest | None
    problem: str = ""


class ModelRegistry:
    """The models of `language` below `root`. `who` makes the changes, at the time of `now` (Unix)."""

    def __init__(
        self,
        root: Path,
        language: str,
        *,
        who: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._language = language
        self._home = root / language
        self._who = who or user_name()
        self._now = now

    @property
    def language(self) -> str:
        """Whose models these are."""
        return self._language

    @property
    def current(self) -> str:
        """The version that `current` names, unchecked; '' when it names none."""
        with suppress(ModelUnusableError):
            return current_version(self._root, self._language)
        return ""

    @property
    def stack(self) -> tuple[str, ...]:
        """Versions that rollbacks lead to, oldest first; the last one is in service."""
        return service_stack(self.history(), self.current)

    @property
    def before(self) -> str:
        """The version that a rollback leads to; '' when there is none."""
        return self.stack[-2] if len(self.stack) > 1 else ""

    @property
    def has_usable(self) -> bool:
        """Whether the version in service is whole."""
        try:
            self.load(current_version(self._root, self._language))
        except ModelUnusableError:
            return False
        return True

    def history(self) -> tuple[ServiceChange, ...]:
        """All changes, oldest first."""
        return read_history(self._home)

    def versions(self) -> tuple[ListedVersion, ...]:
        """All there are, each verified, oldest first; those that cannot be read come first."""
        try:
            names = [path.name for path in self._home.iterdir() if is_version(path.name)]
        except OSError:
            return ()
        listed = (self._listed(name) for name in names)
        return tuple(sorted(listed, key=_age))

    def folder_of(self, version: str) -> Path:
        """Where a version lies; raises `ModelUnusableError` for what is no name of one."""
        if not is_version(version):
            raise unusable(self._home, f"not a name of a version: {version[:60]!r}")
        return self._home / version

    def load(self, version: str) -> ModelArtefact:
        """Verify and return a version; raises `ModelUnusableError`."""
        return load_version(self._root, self._language, version)

    def load_usable(self) -> ModelArtefact:
        """The version in service, or the last one before it that is whole.

        Raises `ModelUnusableError` for the one in service when none is.
        """
        try:
            return self.load(current_version(self._root, self._language))
        except ModelUnusableError as refused:
            for version in reversed(self.stack[:-1] if self.current else self.stack):
                with suppress(ModelUnusableError):
                    return self.load(version)
            raise refused from None

    def promote(
        self, version: str, *, reason: str = "", kind: ChangeKind = ChangeKind.PROMOTE
    ) -> ModelArtefact:
        """Put a version in service, once it is verified; one that is in service stays so.

        Raises `ModelUnusableError` when it cannot be used: then nothing has changed.
        """
        with self._one_at_a_time():
            artefact = self.load(version)
            open_classifier(artefact)
            self._change_to(version, kind, reason)
        return artefact

    def roll_back(self, *, reason: str = "") -> ModelArtefact:
        """Put the version in service that was there before the present one; again: the one before that.

        Raises `ConfigurationError` when there was none, `ModelUnusableError` when it cannot be used.
        """
        with self._one_at_a_time():
            version = self.before
            if not version:
                raise ConfigurationError(
                    "no model was in service before this one",
                    where=str(self._home),
                    advice=f"promote one by name: sternik model promote VERSION ({_LIST})",
                )
            artefact = self.load(version)
            open_classifier(artefact)
            self._change_to(version, ChangeKind.ROLLBACK, reason)
        return artefact

    def prune(self, keep: int, *, dry_run: bool = False) -> tuple[str, ...]:
        """Remove all but the `keep` newest versions; returns the removed ones.

        Never the one in service, the one before it, or one that a running Sternik on this machine
        still serves. With `dry_run` nothing is removed.
        """
        with self._one_at_a_time():
            names = [listed.version for listed in self.versions()]
            protected = {*names[max(len(names) - keep, 0) :], *self.stack[-2:]}
            removable = [
                name for name in names if name not in protected and not is_leased(self._home / name)
            ]
            if not dry_run:
                for name in removable:
                    self._remove(name)
        return tuple(removable)

    def _listed(self, version: str) -> ListedVersion:
        manifest = None
        try:
            manifest = read_manifest(self._home / version / MANIFEST)
            self.load(version)
        except ModelUnusableError as error:
            return ListedVersion(version=version, manifest=manifest, problem=str(error))
        return ListedVersion(version=version, manifest=manifest)

    def _change_to(self, version: str, kind: ChangeKind, reason: str) -> None:
        left = self.current
        point_to(self._home, version)
        if left == version:
            return  # only made to be looked at again: nothing has changed
        at = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")
        change = ServiceChange(
            at=at, who=self._who, kind=kind, left=left, entered=version, reason=reason
        )
        append_change(self._home, change)

    def _remove(self, version: str) -> None:
        """In one step for all who look; what a power cut leaves is cleared by the next training."""
        aside = self._home / f"{UNFINISHED}{version}"
        (self._home / version).rename(aside)
        shutil.rmtree(aside, ignore_errors=True)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Wait for other changes on this machine; raises `ConfigurationError` when it may not write."""
        try:
            descriptor = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self._not_written(error) from error
        try:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise self._not_written(error) from error
        finally:
            os.close(descriptor)

    def _not_written(self, error: OSError) -> ConfigurationError:
        if isinstance(error, FileNotFoundError):
            problem, advice = f"no {self._language!r} models here", "run `sternik train`"
        else:
            problem = f"the models cannot be changed ({error.strerror})"
            advice = "do it as the user who trained them, or let this one write there"
        return ConfigurationError(problem, advice=advice, where=str(self._home))


def user_name() -> str:
    """Who runs this program, by the user id; behind `sudo` both names."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"user {os.getuid()}"
    behind = os.environ.get("SUDO_USER", "")
    return f"{behind} (as {name})" if behind and behind != name else name


def _age(listed: ListedVersion) -> tuple[str, str]:
    return (listed.manifest.created if listed.manifest else "", listed.version)
