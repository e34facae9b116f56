# SPDX-License-Identifier: Apache-2.0
"""Identifiers and content hashes of definitions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def canonical_uuid(text: object) -> str | None:
    """The UUID in lower case, or None for anything else.

    Everything that is not a UUID must be kept from the database, whose UUID column would refuse the whole statement.
    """
    lowered = text.lower() if isinstance(text, str) else ""
    return lowered if _UUID.fullmatch(lowered) else None


def definition_hash(definition: Mapping[str, Any]) -> str:
    """Lower-case hex SHA-256 of the compact JSON with sorted keys: the orchestrator's form.

    Equal content gives an equal hash, whoever wrote the row.
    """
    return hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).hexdigest()


def storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: it has no NUL character and no lone surrogate."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
