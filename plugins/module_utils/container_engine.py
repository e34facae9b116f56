# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what Docker Engine says of containers, with its command. Every call has a deadline; nothing is changed here.

Containers are made by ``community.docker``; its library is for its own modules alone, so what it does not tell is asked
of the command ``docker``.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import container_spec
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import QUERY, State, UnitError, redact, run

if t.TYPE_CHECKING:
    from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import Runner

# What a container's state is called where the health gate of units looks at it.
_STATES = {
    "running": ("active", "running"),
    "restarting": ("activating", "auto-restart"),
    "created": ("activating", "created"),
    "paused": ("active", "paused"),
}


class Container(t.NamedTuple):
    """One container of a service."""

    name: str
    status: str
    """Docker's word: created, running, paused, restarting, removing, exited or dead."""
    configuration: str
    """What it was started with, as its label says; empty for one that the role did not start."""
    image: str
    """Name of the image."""


class Engine:
    """The questions of this collection to the command docker."""

    def __init__(self, runner: Runner = run) -> None:
        """Use ``runner`` to run commands."""
        self._run = runner

    def version(self) -> tuple[str, str]:
        """Return the engine's version and an empty text, or an empty version and why there is none."""
        try:
            code, out, error = self._run(["docker", "version", "--format", "{{.Server.Version}}"], QUERY)
        except UnitError as problem:
            return "", str(problem)
        if code != 0 or not out.strip():
            return "", error.strip() or "docker version ended with code %d" % code
        return out.strip(), ""

    def _inspect(self, what: str, names: t.Sequence[str]) -> list[dict[str, t.Any]]:
        """Return what is known of each of ``names`` that is there."""
        if not names:
            return []
        code, out, error = self._run(["docker", what, "inspect", *names], QUERY)
        # It prints what it found and ends with 1 when one of them is not there.
        missing = [line for line in error.splitlines() if "no such" in line.lower()]
        if code != 0 and not missing:
            raise UnitError("docker %s inspect failed: %s" % (what, redact(error.strip())))
        found: list[dict[str, t.Any]] = json.loads(out or "[]")
        return found

    def image_id(self, name: str) -> str:
        """Return the id of the image ``name``, or an empty text when the host lacks it."""
        found = self._inspect("image", [name])
        return str(found[0]["Id"]) if found else ""

    def of_service(self, service: str) -> list[Container]:
        """Return the containers that were started for ``runtime_service.name``, by name."""
        label = "label=%s=%s" % (container_spec.LABEL_SERVICE, service)
        argv = ["docker", "container", "ls", "--all", "--no-trunc", "--quiet", "--filter", label]
        code, out, error = self._run(argv, QUERY)
        if code != 0:
            raise UnitError("docker container ls failed: %s" % redact(error.strip()))
        found = [
            Container(
                name=item["Name"].lstrip("/"),
                status=item["State"]["Status"],
                configuration=(item["Config"]["Labels"] or {}).get(container_spec.LABEL_CONFIGURATION, ""),
                image=item["Config"]["Image"],
            )
            for item in self._inspect("container", out.split())
        ]
        return sorted(found)

    def state(self, name: str) -> State:
        """Return the state of the container ``name`` in the words of units."""
        found = self._inspect("container", [name])
        told = found[0]["State"] if found else {"Status": "missing"}
        active, sub = _STATES.get(told["Status"], ("failed", told["Status"]))
        return State(
            name=name,
            load="loaded" if found else "not-found",
            active=active,
            sub=sub,
            enabled=bool(found),
            fragment="",
            drop_ins=[],
            need_reload=False,
            # Each start of one container has another moment.
            invocation=str(told.get("StartedAt", "")),
            started=0.0,
            restarts=int(found[0].get("RestartCount", 0)) if found else 0,
            result="exit code %s %s" % (told.get("ExitCode", "unknown"), redact(str(told.get("Error", "")))),
        )

    def logs(self, name: str, lines: int) -> str:
        """Return the last lines that the container wrote, without secrets."""
        code, out, error = self._run(["docker", "logs", "--tail", str(lines), name], QUERY)
        if code != 0:
            return "(docker logs failed: %s)" % redact(error.strip())
        # Programs write to both; Docker keeps them apart and so their order is lost.
        return redact((error + out).strip()) or "(nothing)"
