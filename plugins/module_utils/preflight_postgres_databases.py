# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for the databases that the role ``postgres`` makes, and their logins."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import say

# NAMEDATALEN - 1 bytes; the role keeps to names that need no escape in pg_hba.conf, SQL and connection strings.
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$")
_PASSWORD_HASH = re.compile(r"^(SCRAM-SHA-256\$|md5[0-9a-f]{32}$)")


def database_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    """Return the rules of ``postgres_databases`` that are broken, one sentence each."""
    databases = settings.get("postgres_databases") or []
    found: list[str] = []
    seen: set[str] = set()
    owners: dict[str, dict[str, t.Any]] = {}
    for index, entry in enumerate(databases):
        name = str(entry.get("name") or "")
        owner = str(entry.get("owner") or "")
        password = str(entry.get("password") or "")
        variable = "postgres_databases[%d]" % index
        hint = entry.get("password_variable") or "%s.password" % variable
        if not _NAME.match(name):
            found.append(
                say(variable + ".name", name, "no plain name", "Use letters, digits, '_' and '-', at most 63.")
            )
        elif name in ("postgres", "template0", "template1"):
            found.append(say(variable + ".name", name, "a database of PostgreSQL itself", "Choose another name."))
        elif name in seen:
            found.append(say(variable + ".name", name, "listed twice", "Give every database a name of its own."))
        seen.add(name)
        if not _NAME.match(owner):
            found.append(
                say(variable + ".owner", owner, "no plain name", "Use letters, digits, '_' and '-', at most 63.")
            )
        elif owner == "postgres" or owner.startswith("pg_"):
            found.append(
                say(variable + ".owner", owner, "a role of PostgreSQL itself", "Give the database its own login.")
            )
        if not password:
            found.append("%s is empty: the login %r needs a password. Set %s." % (hint, owner, hint))
        elif re.search(r"[\x00\r\n]", password):
            found.append("%s holds a line break or a NUL byte, which no client can send. Set another one." % hint)
        elif _PASSWORD_HASH.match(password):
            found.append("%s looks like a hash: clients need the password itself. Set the plain password." % hint)
        rest = {key: entry.get(key) for key in ("password", "connection_limit", "settings")}
        if owners.setdefault(owner, rest) != rest:
            found.append(
                "postgres_databases gives the login %r two different passwords, connection limits or settings. "
                "Give each database its own owner, or the owner the same values everywhere." % owner
            )
        for extension in entry.get("extensions") or []:
            if not _NAME.match(str(extension)):
                found.append(
                    say(variable + ".extensions", extension, "no name of an extension", "Use e.g. 'btree_gin'.")
                )
    return found
