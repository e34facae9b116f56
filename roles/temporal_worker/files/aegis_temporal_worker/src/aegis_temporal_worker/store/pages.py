# SPDX-License-Identifier: Apache-2.0
"""The list of definitions, whole or in pages."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, fields
from typing import Final

import orjson

from aegis_temporal_worker.store import statements
from aegis_temporal_worker.store.access import Access
from aegis_temporal_worker.store.errors import DefinitionRefusedError, InvalidPageTokenError
from aegis_temporal_worker.store.identity import storable

_UNKNOWN: Final = "it is not a token that this API gave"


@dataclass(frozen=True)
class Summary:
    """One line of the list of definitions."""

    workflow_id: str
    name: str | None
    version: str | None
    state_count: int


@dataclass(frozen=True)
class Position:
    """The last row of a page: where the next one begins. Rows that come or go in between shift nothing."""

    workflow_id: str
    # As PostgreSQL prints it; None sorts last.
    registered_at: str | None

    def token(self) -> str:
        """An opaque text for it, safe in URLs."""
        return base64.urlsafe_b64encode(orjson.dumps([self.workflow_id, self.registered_at])).decode().rstrip("=")

    @classmethod
    def read(cls, token: str) -> Position:
        """The position that ``token`` stands for. Raises ``InvalidPageTokenError``."""
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            workflow_id, registered_at = orjson.loads(data)
        except (binascii.Error, ValueError, TypeError) as error:
            raise InvalidPageTokenError(_UNKNOWN) from error
        if not isinstance(workflow_id, str) or not isinstance(registered_at, (str, type(None))):
            raise InvalidPageTokenError(_UNKNOWN)
        return cls(workflow_id, registered_at)


@dataclass(frozen=True)
class Page:
    """Some lines of the list, the newest first."""

    # Of the whole list.
    total: int
    summaries: list[Summary]
    # Where the next page begins; None after the last one.
    following: Position | None


async def read_page(access: Access, limit: int, after: Position | None) -> Page:
    """Up to ``limit`` lines, from the start or after a position. Raises ``InvalidPageTokenError``."""
    position = (None, None) if after is None else (after.workflow_id, after.registered_at)
    if not all(part is None or storable(part) for part in position):
        raise InvalidPageTokenError(_UNKNOWN)
    try:
        # One more than asked for tells whether there is a next page.
        records = await access.run(lambda connection: connection.fetch(statements.PAGE, limit + 1, *position))
    except DefinitionRefusedError as error:
        raise InvalidPageTokenError(_UNKNOWN) from error
    # An empty page is one row that has the total only.
    rows = [dict(record) for record in records if record["workflow_id"] is not None]
    shown = rows[:limit]
    following = Position(shown[-1]["workflow_id"], shown[-1]["registered_at"]) if len(rows) > limit else None
    summaries = [Summary(**{field.name: row[field.name] for field in fields(Summary)}) for row in shown]
    return Page(records[0]["total"], summaries, following)
