# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talks to systemd through its commands. Every call has a deadline."""

from __future__ import annotations

import os
import re
import subprocess
import time
import typing as t

if t.TYPE_CHECKING:
    # (argv, timeout in seconds) → exit code, standard output, standard error. Raises UnitError on timeout.
    Runner = t.Callable[[t.Sequence[str], float], tuple[int, str, str]]

# Seconds for a question that systemd answers at once.
QUERY = 30.0
SYSTEM_UNITS = "/etc/systemd/system"
PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "FragmentPath",
    "DropInPaths",
    "NeedDaemonReload",
    "InvocationID",
    "InactiveExitTimestampMonotonic",
    "ExecMainStartTimestampMonotonic",
    "NRestarts",
    "Result",
)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(@)")
_NAMED_SECRET = re.compile(r"(?i)((?:password|passwd|secret|token)\w*[\"']?\s*[:=]\s*[\"']?)[^\s\"',;]+")


class UnitError(Exception):
    """A unit is not in the wanted state; the text says why and what to do."""


def run(argv: t.Sequence[str], timeout: float) -> tuple[int, str, str]:
    """Run a command with a plain environment; see Runner."""
    environment = dict(os.environ, LC_ALL="C", SYSTEMD_PAGER="", SYSTEMD_COLORS="0")
    try:
        # run_command has no time limit.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            list(argv), env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except FileNotFoundError as error:
        raise UnitError("%s is not on this host" % argv[0]) from error
    except subprocess.TimeoutExpired as error:
        raise UnitError("`%s` did not end within %d s" % (" ".join(argv), timeout)) from error
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


class State(t.NamedTuple):
    """What systemd says about one unit."""

    name: str
    load: str
    active: str
    sub: str
    enabled: bool
    fragment: str
    drop_ins: t.Sequence[str]
    need_reload: bool
    invocation: str
    started: float
    """Seconds of the monotonic clock when the unit last left the inactive state; 0 if never."""
    process_started: float
    """Seconds of the monotonic clock when its main process was last started; 0 if never."""
    restarts: int
    result: str

    @property
    def running(self) -> bool:
        """Tell whether there is a process, or systemd is about to make one."""
        return self.active in ("active", "reloading", "activating", "refreshing")

    @property
    def age(self) -> float:
        """Return the seconds since its main process was started."""
        return time.monotonic() - self.process_started

    def words(self) -> str:
        """Return the state in short words."""
        return "%s (%s), restarted by systemd %d times" % (self.active, self.sub, self.restarts)


class Systemd:
    """The commands systemctl and journalctl."""

    def __init__(self, runner: Runner = run) -> None:
        """Use ``runner`` to run commands."""
        self._run = runner

    def states(self, units: t.Sequence[str]) -> dict[str, State]:
        """Return the state of every unit, also of those that do not exist, with one command."""
        if not units:
            return {}
        argv = ["systemctl", "show", "--property=" + ",".join(PROPERTIES), "--", *units]
        code, out, error = self._run(argv, QUERY)
        blocks = [block for block in out.split("\n\n") if block.strip()]
        if code != 0 or len(blocks) != len(units):
            raise UnitError("systemd does not answer: %s" % (error.strip() or out.strip() or "exit code %d" % code))
        return {unit: _state(unit, blocks[index]) for index, unit in enumerate(units)}

    def do(self, verb: str, units: t.Sequence[str], timeout: float) -> None:
        """Run a verb of systemctl (start, stop, restart, enable, disable, daemon-reload, reset-failed)."""
        tail = ["--", *units] if units else []
        code, out, error = self._run(["systemctl", verb, *tail], timeout)
        if code != 0:
            text = (error.strip() or out.strip() or "exit code %d" % code).splitlines()
            raise UnitError("`systemctl %s %s` failed: %s" % (verb, " ".join(units), redact(text[0])))

    def instances(self, template: str) -> list[str]:
        """Return the units of a template (``name@``) that systemd knows or that are enabled."""
        pattern = template + "*.service"
        argv = ["systemctl", "list-units", "--all", "--plain", "--no-legend", "--full", "--", pattern]
        code, out, error = self._run(argv, QUERY)
        if code != 0:
            raise UnitError("systemd does not answer: %s" % error.strip())
        found = {line.split()[0] for line in out.splitlines() if line.strip()}
        for entry in os.listdir(SYSTEM_UNITS):
            if entry.endswith(".wants"):
                found.update(os.listdir(os.path.join(SYSTEM_UNITS, entry)))
        return sorted(
            name
            for name in found
            if name.startswith(template) and name.endswith(".service") and name != template + ".service"
        )

    def journal(self, unit: str, lines: int, since: float) -> str:
        """Return the last lines of the unit's journal since a moment (seconds since the epoch), without secrets."""
        # Lines that were written just now may still be on their way; without them the tail is only shorter.
        self._run(["journalctl", "--sync"], QUERY)
        # Newest first: together with --since, journalctl would take the first lines of the period, not the last.
        argv = ["journalctl", "--no-pager", "--quiet", "--output=short-iso", "--reverse", "--lines=%d" % lines]
        argv += ["--since=@%d" % since, "--unit=" + unit]
        code, out, error = self._run(argv, QUERY)
        if code != 0:
            return "(journalctl failed: %s)" % error.strip()
        return redact("\n".join(reversed(out.strip().splitlines()))) or "(nothing)"


def _state(unit: str, block: str) -> State:
    values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    return State(
        name=unit,
        load=values.get("LoadState", ""),
        active=values.get("ActiveState", ""),
        sub=values.get("SubState", ""),
        enabled=values.get("UnitFileState", "") == "enabled",
        fragment=values.get("FragmentPath", ""),
        drop_ins=values.get("DropInPaths", "").split(),
        need_reload=values.get("NeedDaemonReload", "") == "yes",
        invocation=values.get("InvocationID", ""),
        started=int(values.get("InactiveExitTimestampMonotonic") or 0) / 1e6,
        process_started=int(values.get("ExecMainStartTimestampMonotonic") or 0) / 1e6,
        restarts=int(values.get("NRestarts") or 0),
        result=values.get("Result", ""),
    )


def started_after(state: State, path: str) -> bool:
    """Tell whether the unit was started after the file ``path`` was last written."""
    moment = time.time() - (time.monotonic() - state.started)
    return os.path.exists(path) and moment > os.stat(path).st_mtime


def redact(text: str) -> str:
    """Blank out what looks like a password in a URL or behind a telling name."""
    return _NAMED_SECRET.sub(r"\1********", _URL_PASSWORD.sub(r"\1********\2", text))
