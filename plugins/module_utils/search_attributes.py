# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom search attributes: what is wanted, what a namespace has, and the difference.

How they are read (see search_attribute_reading) and stored (see search_attribute_columns and temporal_grpc) is not
known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

# The server's names of the types: temporal/api/enums/v1/common.proto.
_SERVER_TYPES = {
    "Bool": "INDEXED_VALUE_TYPE_BOOL",
    "Datetime": "INDEXED_VALUE_TYPE_DATETIME",
    "Double": "INDEXED_VALUE_TYPE_DOUBLE",
    "Int": "INDEXED_VALUE_TYPE_INT",
    "Keyword": "INDEXED_VALUE_TYPE_KEYWORD",
    "KeywordList": "INDEXED_VALUE_TYPE_KEYWORD_LIST",
    "Text": "INDEXED_VALUE_TYPE_TEXT",
}
TYPES = tuple(_SERVER_TYPES)
_OUR_TYPES = {server: ours for ours, server in _SERVER_TYPES.items()}

# The server takes nearly any name. These can be written in a query without care, or between backquotes.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,254}")
# IsReserved in common/searchattribute/sadefs/constants.go of the server. An update of a namespace does not check it.
# The other names that belong to the server are in its list.
_RESERVED_PREFIX = "Temporal"
_RESERVED = ("NamespaceId", "MemoEncoding", "Memo", "VisibilityTaskKey")
_COLUMN = re.compile(f"({'|'.join(TYPES)})[0-9]{{2}}")


@dataclass(frozen=True)
class Wanted:
    """One attribute as the user wants it. C(type) is one of TYPES, None for one that is to go."""

    name: str
    type: str | None
    present: bool


@dataclass(frozen=True)
class Live:
    """The attributes of a namespace, name to type; C(system) holds those that belong to the server."""

    custom: Mapping[str, str]
    system: Mapping[str, str]


def read_wanted(entries: Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """Check the option C(search_attributes). Raises Problem for the first that is wrong."""
    wanted = []
    for entry in entries:
        name = str(entry["name"])
        if not _NAME.fullmatch(name):
            raise Problem(
                f"search_attributes has the name {name!r}: not usable. Use up to 255 letters, digits, underscores and "
                "hyphens, beginning with a letter."
            )
        if name.startswith(_RESERVED_PREFIX) or name in _RESERVED:
            raise Problem(f"search_attributes has the name {name!r}: the server keeps it for itself. Choose another.")
        if _COLUMN.fullmatch(name):
            raise Problem(
                f"search_attributes has the name {name!r}: the server names its own columns so. Choose another."
            )
        present = entry.get("state", "present") != "absent"
        wanted_type = entry.get("type")
        if present and wanted_type not in TYPES:
            raise Problem(
                f"search_attributes: the type of {name} is {wanted_type!r}. Choose one of {', '.join(TYPES)}."
            )
        wanted.append(Wanted(name, wanted_type if present else None, present))
    names = [attribute.name for attribute in wanted]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Problem(f"search_attributes lists {', '.join(twice)} more than once. Keep one of the entries.")
    return wanted


def our_type(server_type: str) -> str:
    """Return Keyword for INDEXED_VALUE_TYPE_KEYWORD; what this collection does not know comes back as it is."""
    return _OUR_TYPES.get(server_type, server_type)


def server_type(our: str) -> str:
    """Return INDEXED_VALUE_TYPE_KEYWORD for Keyword, one of TYPES."""
    return _SERVER_TYPES[our]


def difference(wanted: Sequence[Wanted], live: Live) -> tuple[dict[str, str], list[str]]:
    """Return what is to be added, name to type, and the names that are to be removed.

    Raises Problem for what the server cannot do: another type, or an attribute of its own.
    """
    added, removed = {}, []
    for attribute in wanted:
        if attribute.name in live.system:
            raise Problem(
                f"search_attributes has the name {attribute.name!r}: this one belongs to the server "
                f"({live.system[attribute.name]}). Leave it out."
            )
        has = live.custom.get(attribute.name)
        if not attribute.present:
            if has is not None:
                removed.append(attribute.name)
        elif has is None:
            added[attribute.name] = str(attribute.type)
        elif has != attribute.type:
            raise Problem(
                f"search_attributes: {attribute.name} has the type {has} and cannot become {attribute.type}: the "
                "server does not change types. Use another name, or remove it first: its values are lost for searches."
            )
    return added, removed


def expected(live: Live, added: Mapping[str, str], removed: Sequence[str]) -> dict[str, str]:
    """Return the custom attributes as they will be, name to type, sorted by name."""
    after = {name: kind for name, kind in live.custom.items() if name not in removed}
    return dict(sorted({**after, **added}.items()))
