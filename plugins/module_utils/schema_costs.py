# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each version of a schema costs the database that it is brought to, read from the SQL of its files.

Source: schema/postgresql/v12/{temporal,visibility}/versioned of the server. A generated stored column rewrites its
whole table, and nobody else reads or writes it meanwhile; an index that is not built CONCURRENTLY lets others only
read.
"""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import number

TRIVIAL = "trivial"
SHORT_LOCK = "short_lock"
INDEX_BUILD = "index_build"
REWRITE = "rewrite"
# From cheap to dear.
CLASSES = (TRIVIAL, SHORT_LOCK, INDEX_BUILD, REWRITE)

_EXECUTIONS = "executions_visibility"
_CURRENT = "current_executions"

# Store → schema version → class and the table that is locked; what is not named creates or drops something empty.
_COSTS: t.Mapping[str, t.Mapping[str, tuple[str, str]]] = {
    "default": {
        "1.5": (SHORT_LOCK, "history_node"),
        "1.8": (SHORT_LOCK, _CURRENT),
        "1.14": (SHORT_LOCK, _CURRENT),
        "1.15": (SHORT_LOCK, _CURRENT),
        "1.16": (SHORT_LOCK, _CURRENT),
    },
    "visibility": {
        "1.1": (INDEX_BUILD, _EXECUTIONS),
        "1.2": (REWRITE, _EXECUTIONS),
        "1.3": (REWRITE, _EXECUTIONS),
        "1.4": (INDEX_BUILD, _EXECUTIONS),
        "1.5": (INDEX_BUILD, _EXECUTIONS),
        "1.6": (INDEX_BUILD, _EXECUTIONS),
        "1.7": (REWRITE, _EXECUTIONS),
        "1.8": (REWRITE, _EXECUTIONS),
        "1.9": (SHORT_LOCK, _EXECUTIONS),
        "1.13": (REWRITE, _EXECUTIONS),
        "1.14": (REWRITE, _EXECUTIONS),
    },
}
_NEWEST = {"default": "1.19", "visibility": "1.14"}
# The first patches whose files do the work of these three in 1.13, in one rewrite (temporal PR 10371 and 10681).
_ONE_REWRITE_SINCE = {(1, 30): 5, (1, 31): 1}
_ONCE_REWRITES = ("1.10", "1.11", "1.12")


class Size(t.NamedTuple):
    """How big a table is. Rows of a big table are the database's own estimate."""

    rows: int
    bytes: int


def cost(store: str, version: str, server_version: str) -> tuple[str, str | None]:
    """Return the class of a schema version and the table that it locks, None where that matters to nobody.

    ``server_version`` is that of the tool, which carries the files. A version newer than what this module knows counts
    as a rewrite of the store's biggest table: nobody should be surprised.
    """
    if number(version) > number(_NEWEST[store]):
        return REWRITE, _EXECUTIONS if store == "visibility" else _CURRENT
    if store == "visibility" and version in _ONCE_REWRITES:
        major, minor, patch = number(server_version)
        if patch < _ONE_REWRITE_SINCE.get((major, minor), 0):
            return REWRITE, _EXECUTIONS
    return _COSTS[store].get(version, (TRIVIAL, None))


def between(start: str | None, to: str) -> list[str]:
    """Return the schema versions above ``start`` up to ``to``; all of them are 1.x. 0.0 and None come before 1.0."""
    first = 0 if start is None or number(start) < (1, 0) else number(start)[1] + 1
    return ["1.%d" % step for step in range(first, number(to)[1] + 1)]


def changes(
    store: str, start: str | None, to: str, server_version: str, sizes: t.Mapping[str, Size]
) -> list[dict[str, t.Any]]:
    """Return what the way from ``start`` to ``to`` does, one item per schema version, with the size of what it locks.

    ``sizes`` has the tables that are there; one that is not holds no rows.
    """
    result = []
    for version in between(start, to):
        name, table = cost(store, version, server_version)
        size = sizes.get(table or "", Size(0, 0))
        result.append(
            {
                "version": version,
                "cost": name,
                "table": table,
                "rows": size.rows if table else None,
                "bytes": size.bytes if table else None,
            }
        )
    return result


def tables(store: str) -> list[str]:
    """Return the tables of a store whose size matters."""
    return sorted({table for _name, table in _COSTS[store].values()})
