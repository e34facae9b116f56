# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks one host about its units, disks, memory and files. Everything is read; what cannot be read is told as such."""

from __future__ import annotations

import errno
import json
import os
import re
import typing as t
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import open_url
from ansible_collections.aegis.temporal.plugins.module_utils import diagnose_journal
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_redaction import redact
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import UnitError

Run = t.Callable[[t.Sequence[str]], t.Tuple[int, str, str]]

_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,NRestarts,Result,TimeoutStopUSec,LimitNOFILE,"
    "MemoryMax,MemoryCurrent,MainPID,User,ActiveEnterTimestamp,Environment"
)
_SPANS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_OOM = re.compile(r"(?i)out of memory: killed process|oom-kill:|killed by the oom killer")
# What is read of one answer or file. More of it explains nothing.
_MOST = 512 * 1024


class Gatherer:
    """Reads one host; ``run`` runs a command with a deadline and raises UnitError when it passes."""

    def __init__(self, run: Run, secrets: t.Sequence[str], timeout: float, journal_lines: int) -> None:
        self._run = run
        self._secrets = secrets
        self._timeout = timeout
        self._journal_lines = journal_lines

    def clean(self, text: str) -> str:
        """Return text without secrets. Nothing leaves the host that has not been here."""
        return redact(text, self._secrets)

    def said(self, *argv: str) -> str:
        """Return what a command says, for the bundle; its failure is a part of that."""
        try:
            code, out, error = self._run(argv)
        except UnitError as problem:
            return "(%s)\n" % problem
        return self.clean(out + ("(exit status %d)\n%s" % (code, error) if code else ""))

    def units(self, wanted: t.Sequence[t.Mapping[str, str]]) -> list[dict[str, t.Any]]:
        """Return the state of units; a name with an asterisk stands for those that systemd knows."""
        found = []
        for item in wanted:
            names = [item["name"]]
            if "*" in item["name"]:
                code, out, error = self._run(
                    ["systemctl", "list-units", "--all", "--plain", "--no-legend", "--full", "--", *names]
                )
                if code:
                    raise UnitError("systemd does not answer: %s" % error.strip())
                names = [line.split()[0] for line in out.splitlines() if line.strip()] or names
            found += [self._unit(name, item["part"]) for name in names]
        return found

    def _unit(self, name: str, part: str) -> dict[str, t.Any]:
        if "*" in name:
            return {"name": name, "part": part, "load": "not-found"}
        code, out, error = self._run(["systemctl", "show", "--property=" + _PROPERTIES, "--", name])
        if code:
            raise UnitError("systemd does not answer: %s" % error.strip())
        values = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
        files = values.get("LimitNOFILE", "")
        return {
            "name": name,
            "part": part,
            "load": values.get("LoadState", ""),
            "active": values.get("ActiveState", ""),
            "sub": values.get("SubState", ""),
            "enabled": values.get("UnitFileState", ""),
            "needs_reload": values.get("NeedDaemonReload") == "yes",
            "restarts": int(values.get("NRestarts") or 0),
            "result": values.get("Result", ""),
            "stop_timeout": span(values.get("TimeoutStopUSec", "")),
            "open_files": int(files) if files.isdigit() else None,
            "user": values.get("User") or "root",
            "environment": self._environment(values.get("Environment", "")),
        }

    def _environment(self, text: str) -> dict[str, str]:
        pairs = re.findall(r'"?([A-Z][A-Z0-9_]*)=((?:\\.|[^"\s])*)', self.clean(text))
        wanted = ("DATABASE_URL", "TEMPORAL_NAMESPACE", "TEMPORAL_TASK_QUEUE", "TEMPORAL_ADDRESS", "TEMPORAL_BUILD_ID")
        return {name: value for name, value in pairs if name in wanted}

    def journal(self, unit: str) -> str:
        """Return the unit's lines of the last hour, the newest ones when they are many."""
        argv = ["journalctl", "--no-pager", "--quiet", "--output=short-iso", "--reverse", "--since=-1h"]
        argv += ["--lines=%d" % self._journal_lines, "--unit=" + unit]
        code, out, error = self._run(argv)
        if code:
            raise UnitError("journalctl: %s" % error.strip())
        return self.clean("\n".join(reversed(out.splitlines())))[-_MOST:]

    def out_of_memory(self) -> list[str]:
        """Return the kernel's lines of the last hour about processes that it killed for want of memory."""
        code, out, _error = self._run(
            ["journalctl", "--no-pager", "--quiet", "--dmesg", "--since=-1h", "--lines=%d" % self._journal_lines]
        )
        # A container has no kernel log: nothing is known then, and the unit's result still tells.
        return [line for line in out.splitlines() if _OOM.search(line)] if code == 0 else []

    def file(self, path: str) -> dict[str, t.Any]:
        """Return a text file without its secrets, or why it cannot be read."""
        try:
            with open(path, encoding="utf-8", errors="replace") as handle:
                return {"text": self.clean(handle.read(_MOST)), "error": None}
        except OSError as error:
            return {"text": None, "error": error.strerror or str(error)}

    def answer(self, url: str, part: str) -> dict[str, t.Any]:
        """Ask a URL of this host."""
        result: dict[str, t.Any] = {"url": url, "part": part, "status": None, "error": None, "body": None, "text": ""}
        try:
            # The name in the certificate is the public one, and this asks by address.
            response = open_url(url, timeout=self._timeout, validate_certs=False, use_proxy=False)
        except HTTPError as error:
            response = error
        except (URLError, OSError, ValueError) as error:
            result["error"] = self.clean(str(getattr(error, "reason", error)))
            return result
        try:
            text = self.clean(response.read(_MOST).decode("utf-8", "replace"))
        except OSError as error:
            result["error"] = self.clean(str(error))
            return result
        result.update(status=response.code, text=text)
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        result["body"] = body if isinstance(body, dict) else None
        return result

    def synchronised(self) -> bool | None:
        """Tell whether the clock is synchronised; None where systemd cannot tell, as in a container."""
        code, out, _error = self._run(
            ["timedatectl", "show", "--property=NTP", "--property=CanNTP", "--property=NTPSynchronized"]
        )
        values = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
        # Another time service than systemd's is seen by the kernel's flag alone.
        if code or (
            values.get("CanNTP") == "no" and values.get("NTPSynchronized") != "yes" and os.path.exists("/.dockerenv")
        ):
            return None
        return values.get("NTPSynchronized") == "yes"

    def addresses(self) -> list[str]:
        """Return the addresses of this host."""
        code, out, _error = self._run(["ip", "-json", "address"])
        if code:
            return []
        return [entry["local"] for link in json.loads(out) for entry in link.get("addr_info", []) if "local" in entry]


def span(text: str) -> float | None:
    """Return the seconds of a time span as systemd writes it, None for ``infinity`` or what cannot be read."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(us|ms|min|s|h|d|w)\b", text)
    if not parts or re.sub(r"\s", "", text) != "".join(value + unit for value, unit in parts):
        return None
    return sum(float(value) * _SPANS[unit] for value, unit in parts)


def disks(paths: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """Return size and free space of the file systems of ``paths``, each once; a path that is not there is left out."""
    found: dict[int, dict[str, t.Any]] = {}
    for path in paths:
        try:
            device, state = os.stat(path).st_dev, os.statvfs(path)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                continue
            raise
        found.setdefault(
            device,
            {
                "path": path,
                "size": state.f_blocks * state.f_frsize,
                "free": state.f_bavail * state.f_frsize,
                "inodes": state.f_files,
                "inodes_free": state.f_favail,
            },
        )
    return list(found.values())


def memory(text: str) -> dict[str, int]:
    """Return MemTotal, MemAvailable and SwapFree of /proc/meminfo in bytes."""
    values = {}
    for line in text.splitlines():
        name, _colon, value = line.partition(":")
        if name in ("MemTotal", "MemAvailable", "SwapFree"):
            values[name] = int(value.split()[0]) * 1024
    return values


def with_journals(gatherer: Gatherer, units: list[dict[str, t.Any]]) -> dict[str, str]:
    """Add to each unit what its journal tells; return the journals."""
    texts = {}
    killed = gatherer.out_of_memory()
    for unit in units:
        if unit["load"] == "not-found":
            continue
        texts[unit["name"]] = gatherer.journal(unit["name"])
        unit["journal"] = diagnose_journal.matches(texts[unit["name"]])
        own = [line for line in [*killed, *texts[unit["name"]].splitlines()] if _OOM.search(line)]
        named = [line for line in own if unit["name"].split(".")[0] in line or line not in killed]
        unit["oom"] = gatherer.clean(named[-1])[:200] if named else ""
    return texts
