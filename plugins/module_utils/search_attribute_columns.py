# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom search attributes on SQL visibility: names for columns that every namespace has from the start.

The table has a fixed number of columns of each type, C(Keyword01) and so on, and a namespace has names for those that
it uses (C(customSearchAttributeAliases)). A new name goes to a free column, an empty one gives the column back; nothing
clears it, so it may hold values of an attribute that was removed. Sources: common/searchattribute/sadefs/constants.go
and addSearchAttributesSQL in service/frontend/operator_handler.go of the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)

# defaultNumDBCustomSearchAttributes; persistenceCustomSearchAttributes in the server's configuration can raise it.
LIMITS = {"Bool": 3, "Datetime": 3, "Double": 3, "Int": 3, "Keyword": 10, "KeywordList": 3, "Text": 3}
_HIGHEST = 99
_COLUMN = re.compile("([A-Za-z]+)([0-9]{2})")
_SQL_STORES = ("postgres", "mysql", "sqlite")

USABLE, USED_BEFORE, REFUSED = "usable", "used before", "refused"


def keeps_columns(visibility_store: str) -> bool:
    """Whether this visibility store (C(visibilityStore) of the cluster's description) works with columns.

    Elasticsearch has none, nor has a cluster that writes to both kinds.
    """
    stores = [store.strip() for store in visibility_store.split(",")]
    return all(store.startswith(_SQL_STORES) for store in stores)


def read_columns(client: TemporalHttp, namespace: str) -> dict[str, str]:
    """Return the names that the namespace has given to columns, column to name."""
    answer = client.get(api_path("namespaces", namespace))
    return read_answer(
        "The description of a namespace",
        answer,
        lambda content: dict(sorted(content["config"].get("customSearchAttributeAliases", {}).items())),
    )


def usage(columns: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return for each type how many columns there are at least, how many are used and by which attributes."""
    result = {}
    for kind, limit in LIMITS.items():
        holders = {column: name for column, name in columns.items() if type_of(column) == kind}
        highest = max([limit, *(int(column[-2:]) for column in holders)])
        result[kind] = {
            "limit": highest,
            "used": len(holders),
            "free": highest - len(holders),
            "attributes": sorted(holders.values()),
        }
    return result


def type_of(column: str) -> str:
    """Return Keyword for Keyword01, empty for what is no column."""
    matched = _COLUMN.fullmatch(column)
    return matched.group(1) if matched else ""


def look_at(client: TemporalHttp, namespace: str, column: str) -> str:
    """Ask whether this server has the column and whether it holds values: USABLE, USED_BEFORE or REFUSED."""
    try:
        answer = search(client, namespace, f"`{column}` IS NOT NULL")
    except TemporalProblem as problem:
        if problem.status != 400:
            raise
        return REFUSED
    return USED_BEFORE if answer.get("executions") else USABLE


def search(client: TemporalHttp, namespace: str, query: str) -> dict[str, Any]:
    """Return the first workflow that the query finds. Raises TemporalProblem, with status 400 for a bad query."""
    return client.get(api_path("namespaces", namespace, "workflows"), {"query": query, "pageSize": "1"})


def unseen(column: str) -> str:
    """Say what look_at would say in a namespace that does not exist yet, on a server with its defaults."""
    return USABLE if int(column[-2:]) <= LIMITS[type_of(column)] else REFUSED


def assign(
    look: Callable[[str], str],
    namespace: str,
    added: Mapping[str, str],
    columns: Mapping[str, str],
    freed: Sequence[str] = (),
) -> tuple[dict[str, str], list[str]]:
    """Choose a free column for each of C(added) (name to type); C(columns) are those that have a name already.

    C(look) says what look_at says of a column. C(freed) are about to be given back, with the values that they hold.
    Returns column to name, and the columns that hold values from before: they are taken only when there is no other.
    Raises Problem when a type has no free column left, naming who holds them; C(namespace) is for this message.
    """
    chosen: dict[str, str] = {}
    used_before = []
    for name, kind in added.items():
        found = ""
        for column, seen in _free(look, kind, {**columns, **chosen}, freed):
            if seen == USABLE:
                found = column
                break
            found = found or column
        else:
            if found:
                used_before.append(found)
        if not found:
            raise _full(namespace, name, kind, columns, chosen)
        chosen[found] = name
    return chosen, used_before


def _full(namespace: str, name: str, kind: str, columns: Mapping[str, str], chosen: Mapping[str, str]) -> Problem:
    held, limit = usage(columns)[kind]["attributes"], usage({**columns, **chosen})[kind]["limit"]
    new = [other for column, other in chosen.items() if type_of(column) == kind]
    holders = [f"held by {', '.join(held)}"] if held else []
    holders += [f"needed by {', '.join(new)} of this call"] if new else []
    return Problem(
        f"search_attributes: there is no column left for {name} of the type {kind}: all {limit} of namespace "
        f"{namespace} are {' and '.join(holders)}. Remove one of them, or give the server more "
        "(persistenceCustomSearchAttributes)."
    )


def _free(
    look: Callable[[str], str], kind: str, taken: Mapping[str, str], freed: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield the free columns of a type that this server has, and what C(look) says of each."""
    told = False
    unknown = []
    for number in range(1, _HIGHEST + 1):
        column = f"{kind}{number:02d}"
        if column in taken or column in freed:
            continue
        seen = look(column)
        if seen != REFUSED:
            told = True
            yield column, seen
        elif number <= LIMITS[kind]:
            unknown.append(column)
        else:
            break
    if not told:
        # Old servers, like 1.24, refuse to search by the name of a column without an alias, so nothing is known: take
        # the server's defaults.
        yield from ((column, USABLE) for column in unknown)
    yield from ((column, USED_BEFORE) for column in freed if type_of(column) == kind and column not in taken)
