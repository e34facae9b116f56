# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the programs that the stack runs. A missing one is an error that says how to get it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

DEFAULT_VERSION = "1.32.2"
"""The server version that the project deploys by default."""

BINARIES_VARIABLE = "AEGIS_TEMPORAL_BINARIES"
"""Environment variable: a directory that holds ``temporal-server`` and ``temporal-sql-tool``."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class BinariesMissing(RuntimeError):
    """A program that the stack needs is not on this machine."""


@dataclass(frozen=True)
class ServerBinaries:
    """The two programs of one Temporal release."""

    server: Path
    sql_tool: Path


def cache_root() -> Path:
    """The project's cache: ``AEGIS_TEMPORAL_CACHE``, else ``aegis-temporal`` in the user's cache."""
    explicit = os.environ.get("AEGIS_TEMPORAL_CACHE")
    if explicit:
        return Path(explicit)
    user_cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(user_cache) if user_cache else Path.home() / ".cache") / "aegis-temporal"


def find_server_binaries(version: str = DEFAULT_VERSION) -> ServerBinaries:
    """Return the Temporal programs of ``version``.

    Raises BinariesMissing with the command that builds them.
    """
    explicit = os.environ.get(BINARIES_VARIABLE)
    directory = Path(explicit) if explicit else _built(version)
    found = ServerBinaries(directory / "temporal-server", directory / "temporal-sql-tool")
    if all(os.access(program, os.X_OK) for program in (found.server, found.sql_tool)):
        return found
    if explicit:
        raise BinariesMissing(
            f"{BINARIES_VARIABLE} is {explicit!r}, which does not hold executable "
            "temporal-server and temporal-sql-tool. Correct it, or unset it to use the project's cache."
        )
    raise BinariesMissing(
        f"Temporal Server {version} is not in {directory}. Build it with "
        f"`.venv/bin/python tools/build_artifacts.py --server {version}`, or set {BINARIES_VARIABLE} to a directory "
        "that holds temporal-server and temporal-sql-tool."
    )


def find_health_probe() -> Path:
    """Return the newest ``grpc_health_probe`` that the project has built.

    Raises BinariesMissing with the command that builds it.
    """
    found = sorted((cache_root() / "artifacts" / "unpacked").glob("grpc_health_probe-*/bin/grpc_health_probe"))
    if not found:
        raise BinariesMissing(
            "grpc_health_probe was not built. Build it with `.venv/bin/python tools/build_artifacts.py`."
        )
    return found[-1]


def find_postgres_bin() -> Path:
    """Return the directory of the newest PostgreSQL server programs of this machine.

    Raises BinariesMissing when Debian's package is not installed.
    """
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found:
        raise BinariesMissing(
            "No PostgreSQL server under /usr/lib/postgresql/*/bin. Install it with "
            "`apt-get install --no-install-recommends postgresql`."
        )
    return max(found, key=lambda path: int(path.parent.name))


def _built(version: str) -> Path:
    """Where tools/build_artifacts.py puts the programs of this version."""
    machine = platform.machine()
    name = f"temporal_server-{version}-linux-{_ARCHITECTURES.get(machine, machine)}"
    return cache_root() / "artifacts" / "unpacked" / name / "bin"
