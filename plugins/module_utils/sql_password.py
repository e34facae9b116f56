# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a database password takes into Temporal's programs.

The server and the sql-tool build a URL in which they write a space of the password as "+", which is not read back as a
space in that place of a URL (buildDSN in common/persistence/sql/sqlplugin/postgresql/session/session.go, 1.24 to 1.32;
every other character survives). The connection attributes go into the query of the same URL, where "+" does mean a
space, and there the key password is understood by both drivers. They are trimmed, hence no space at either end.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote_plus, urlencode


def needs_attribute(password: str) -> bool:
    """Whether ``password`` only arrives intact as a connection attribute."""
    return " " in password


def config_fields(password: str) -> dict[str, t.Any]:
    """Return the fields of a store's ``sql`` block that carry the password."""
    if needs_attribute(password):
        return {"connectAttributes": {"password": password}}
    return {"password": password}


def tool_environment(password: str) -> dict[str, str]:
    """Return the environment variables that carry the password into temporal-sql-tool."""
    if needs_attribute(password):
        return {"SQL_CONNECT_ATTRIBUTES": urlencode({"password": password})}
    return {"SQL_PASSWORD": password}


def problem(password: str) -> str | None:
    """Return what makes ``password`` unusable, without showing it, or None."""
    if password != password.strip():
        return "begins or ends with white space, which the server would cut off"
    if any(ord(character) < 32 or ord(character) == 127 for character in password):
        return "contains a control character"
    return None


def masked(text: str, password: str) -> str:
    """Return ``text`` without the password, also where a program has written it as part of a URL."""
    for secret in {password, quote_plus(password)} - {""}:
        text = text.replace(secret, "********")
    return text
