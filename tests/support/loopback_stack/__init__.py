# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL and a real Temporal Server on loopback, for tests.

Nothing is simulated: the PostgreSQL programs are the distribution's, the Temporal programs are the
ones that this project builds. Everything lives in one temporary directory, listens on 127.0.0.1
only, takes free ports and is ended by process id, after a failure too.

* In pytest: ``pytest_plugins = ["loopback_stack.plugin"]`` in the root conftest (with ``tests/support``
  on the Python path) gives the session fixtures ``postgres_server`` and ``temporal_stack``.
* By hand: ``PYTHONPATH=tests/support python -m loopback_stack up`` or ``… run -- command``.
"""

from __future__ import annotations

from .binaries import BinariesMissing, ServerBinaries, find_health_probe, find_server_binaries
from .postgres import Database, PostgresServer
from .stack import TemporalStack, extra_frontend, temporal_stack
from .temporal import SHORT_HISTORIES

__all__ = [
    "SHORT_HISTORIES",
    "BinariesMissing",
    "Database",
    "PostgresServer",
    "ServerBinaries",
    "TemporalStack",
    "extra_frontend",
    "find_health_probe",
    "find_server_binaries",
    "temporal_stack",
]
