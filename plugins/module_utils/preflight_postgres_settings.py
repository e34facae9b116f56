# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for PostgreSQL's own settings, ``postgres_settings``."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.postgres_tuning import TuningError, memory_bytes
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres_provider import is_container, limit_mb
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import integer, say

_SETTING_NAME = re.compile(r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$")

# Settings that belong to a variable of their own, or that the role or Debian's tools decide.
_OWNED_SETTINGS = {
    "port": "Set postgres_port.",
    "listen_addresses": "Set postgres_listen_addresses.",
    "max_connections": "Set postgres_max_connections.",
    "password_encryption": "Remove it: passwords are SCRAM-SHA-256 only.",
    "data_directory": "Remove it: mount another disk at /var/lib/postgresql.",
    "hba_file": "Remove it: add rules with postgres_hba_entries.",
    "ident_file": "Remove it.",
    "config_file": "Remove it.",
    "external_pid_file": "Remove it: systemd reads the process id there.",
    "unix_socket_directories": "Remove it: the role connects through /run/postgresql.",
    "include": "Remove it: give the settings themselves.",
    "include_dir": "Remove it: give the settings themselves.",
    "include_if_exists": "Remove it: give the settings themselves.",
}


def setting_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    """Return the rules of ``postgres_settings`` that are broken, one sentence each."""
    chosen = settings.get("postgres_settings") or {}
    found: list[str] = []
    for name, value in chosen.items():
        variable = "postgres_settings.%s" % name
        if not _SETTING_NAME.match(str(name)):
            found.append("postgres_settings has the key %r: no name of a setting. Use e.g. 'work_mem'." % (name,))
        elif name in _OWNED_SETTINGS:
            found.append(say(variable, value, "not set here", _OWNED_SETTINGS[name]))
        elif not isinstance(value, (str, int, float)) or re.search(r"[\r\n]", str(value)):
            found.append(say(variable, value, "not a single value", "Give a text, a number or true/false."))
    unit = settings.get("postgres_unit_overrides") or {}
    forbidden = not is_container(settings) and _is_true(unit.get("MemoryDenyWriteExecute", True))
    if _is_true(chosen.get("jit")) and forbidden:
        found.append(
            say(
                "postgres_settings.jit",
                chosen["jit"],
                "the compiler needs memory that is writable and executable, which the unit forbids",
                "Leave it off (Temporal's statements are short), or add MemoryDenyWriteExecute: false to "
                "postgres_unit_overrides.",
            )
        )
    memory = integer(settings.get("postgres_memory_mb")) or _memory_mb(settings)
    if memory and "shared_buffers" in chosen:
        try:
            size = memory_bytes(chosen["shared_buffers"], unit_bytes=8192)
        except TuningError as error:
            found.append(say("postgres_settings.shared_buffers", chosen["shared_buffers"], str(error), "Use '2GB'."))
        else:
            # Above half of the memory PostgreSQL and the kernel keep the same pages twice; near all of it the server
            # does not start.
            if size > memory * 1024 * 1024 // 2:
                found.append(
                    say(
                        "postgres_settings.shared_buffers",
                        chosen["shared_buffers"],
                        "more than half of the %d MB that PostgreSQL may use" % memory,
                        "Leave it out for a quarter, or give more with postgres_memory_mb.",
                    )
                )
    return found


def _memory_mb(settings: t.Mapping[str, t.Any]) -> int | None:
    """Return the least of what the host has and what the limit leaves."""
    sizes = [integer((settings.get("host") or {}).get("memory_mb")), limit_mb(settings.get("postgres_memory_max"))]
    return min((size for size in sizes if size), default=None)


def _is_true(value: t.Any) -> bool:
    return value is True or str(value).strip().lower() in ("on", "true", "yes", "1")
