"""Every error of Sternik, sorted by what whoever catches it does next."""

from __future__ import annotations


class SternikError(Exception):
    """Root of all errors raised on purpose."""


class CallEndedError(SternikError):
    """The caller hung up or the connection closed: the normal end of a call, not a fault."""


class ProtocolError(SternikError):
    """The peer broke a wire protocol: end this connection, nothing else."""


class PeerTimeoutError(SternikError):
    """The peer did not answer in time: end this call, keep serving the others."""


class MisuseError(SternikError):
    """Our own code broke a contract (a bug): it is raised before anything is sent."""


class OverloadedError(SternikError):
    """No capacity for one more: shed this call to the key menu."""


class RecogniserLostError(SternikError):
    """A recogniser crashed, hung or fell behind: this call goes on with keys."""


class ModelUnusableError(SternikError):
    """A model artefact is missing, incomplete or damaged: keep the old one or do not start."""


class StoreUnavailableError(SternikError):
    """The database cannot be written or read now: calls go on, the record waits."""


class ConfigurationError(SternikError):
    """Something an administrator wrote or set up is wrong.

    `problem` says what, `advice` what to do, `where` names the file (with line) or setting.
    """

    def __init__(self, problem: str, *, advice: str = "", where: str = "") -> None:
        self.problem = problem
        self.advice = advice
        self.where = where
        super().__init__(": ".join(part for part in (where, problem) if part))
