# SPDX-License-Identifier: Apache-2.0
"""Definitions in memory: bounded, the one used longest ago goes first."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from aegis_temporal_worker.store.identity import definition_hash

log = logging.getLogger(__name__)

Definition = dict[str, Any]

MOST_DEFINITIONS: Final = 2_000
MOST_BYTES: Final = 64 * 1024 * 1024
# What an entry costs beside its text: the object, its short fields, its place in the table.
_ENTRY_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table. Columns win over what the definition says of itself: a change of scope edits only them."""

    workflow_id: str
    # Changes with every write of the row; None: not known to be what the database has.
    mark: str | None
    # Kept as text: several times smaller than the objects, and nobody can change what others read.
    text: bytes
    # SHA-256 of the content, see identity.definition_hash.
    digest: str
    tenant_id: str | None
    name: str | None
    version: str | None
    scope: str | None
    # Seconds since 1970.
    registered: float

    @classmethod
    def read(cls, row: dict[str, Any], text: str | bytes | None) -> Entry | None:
        """Make an entry of the row's columns and its definition; one that cannot be used is logged and gives None."""
        try:
            parsed = orjson.loads(text or b"null")
            digest = definition_hash(parsed)
        except (orjson.JSONDecodeError, TypeError) as error:
            log.warning("definition %s cannot be used: %s", row["workflow_id"], error)
            return None
        if not isinstance(parsed, dict):
            log.warning("definition %s is not a JSON object", row["workflow_id"])
            return None
        return cls(**row, text=text.encode() if isinstance(text, str) else text or b"", digest=digest)

    @property
    def definition(self) -> Definition:
        """A copy of its own for each caller."""
        parsed: Definition = orjson.loads(self.text)
        return parsed

    @property
    def size(self) -> int:
        """Bytes, about."""
        return len(self.text) + _ENTRY_BYTES

    def visible_to(self, tenant_id: str) -> bool:
        """Whether a tenant may run it: its own, or a global one."""
        return self.scope == "global" or self.tenant_id == tenant_id


class Memory:
    """Entries by id, within limits of number and bytes."""

    def __init__(self, most: int = MOST_DEFINITIONS, most_bytes: int = MOST_BYTES) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def get(self, workflow_id: str) -> Entry | None:
        """The entry of that id, which counts as used."""
        entry = self._entries.get(workflow_id)
        if entry is not None:
            self._entries.move_to_end(workflow_id)
        return entry

    def put(self, entry: Entry) -> None:
        """Keep an entry; others go to make room. One that is larger than all the room is not kept."""
        self.drop(entry.workflow_id)
        if entry.size > self._most_bytes:
            return
        self._entries[entry.workflow_id] = entry
        self._bytes += entry.size
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            _workflow_id, oldest = self._entries.popitem(last=False)
            self._bytes -= oldest.size

    def put_last(self, entry: Entry) -> bool:
        """Keep an entry as the first to go, if there is room for it; returns whether there was."""
        self.drop(entry.workflow_id)
        if len(self._entries) >= self._most or self._bytes + entry.size > self._most_bytes:
            return False
        self._entries[entry.workflow_id] = entry
        self._entries.move_to_end(entry.workflow_id, last=False)
        self._bytes += entry.size
        return True

    def drop(self, workflow_id: str) -> None:
        """Forget an id."""
        entry = self._entries.pop(workflow_id, None)
        if entry is not None:
            self._bytes -= entry.size
