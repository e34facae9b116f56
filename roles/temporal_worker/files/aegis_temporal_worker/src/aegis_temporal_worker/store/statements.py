# SPDX-License-Identifier: Apache-2.0
"""The SQL of the store.

The table exists in two shapes: the orchestrator's (``workflow_id UUID``) and a looser one (``workflow_id TEXT``,
columns that may be null). ``jsonb_populate_record`` turns a parameter into whatever type the column has at that
moment, also after the table was dropped and created anew, and still lets the primary key's index be used.
"""

from __future__ import annotations

from typing import Final

_TYPED_ID: Final = (
    "(jsonb_populate_record(NULL::workflow_definitions, jsonb_build_object('workflow_id', {id}))).workflow_id"
)
_ID: Final = _TYPED_ID.format(id="$1::text")

# Different after every write of a row, whoever writes it. xmin (the writing transaction) and ctid (the place of the
# row's version) alone would do in a running server; the hash and the time also tell rows apart when a backup was
# restored and transaction numbers are given out a second time.
_MARK: Final = "concat_ws('/', d.tableoid, d.ctid, d.xmin, d.registered_at, d.definition_hash)"

# The definition itself is read, and sent, only where the caller's mark is not the row's. LIMIT keeps it a look-up by
# primary key for each id.
CURRENT: Final = f"""
SELECT asked.id AS workflow_id, found.mark, found.tenant_id, found.name, found.version, found.scope, found.registered,
       CASE WHEN found.mark IS DISTINCT FROM asked.mark THEN found.definition::text END AS definition
FROM unnest($1::text[], $2::text[]) AS asked (id, mark)
CROSS JOIN LATERAL (
    SELECT {_MARK} AS mark, d.tenant_id, d.name, d.version, d.scope, d.definition,
           coalesce(extract(epoch FROM d.registered_at), 0)::float8 AS registered
    FROM workflow_definitions AS d
    WHERE d.workflow_id = {_TYPED_ID.format(id="asked.id")}
    LIMIT 1
) AS found
"""  # noqa: S608 - constants only

NEWEST: Final = """
SELECT workflow_id::text AS workflow_id
FROM workflow_definitions ORDER BY registered_at DESC NULLS LAST LIMIT $1
"""

_STATE_COUNT: Final = """
       CASE WHEN jsonb_typeof(definition::jsonb -> 'states') = 'object'
            THEN (SELECT count(*) FROM jsonb_object_keys(definition::jsonb -> 'states'))
            ELSE 0 END AS state_count
"""
_ORDER: Final = 'registered_at DESC NULLS LAST, workflow_id::text COLLATE "C"'

LIST: Final = f"""
SELECT workflow_id::text AS workflow_id, name, version, {_STATE_COUNT}
FROM workflow_definitions ORDER BY {_ORDER}
"""  # noqa: S608 - constants only

# $1 rows after the row $2 (an id, or NULL: from the start) that was registered at $3 (or NULL).
PAGE: Final = f"""
SELECT counted.total, page.workflow_id, page.name, page.version, page.registered_at::text AS registered_at,
       {_STATE_COUNT}
FROM (SELECT count(*) AS total FROM workflow_definitions) AS counted
LEFT JOIN (
    SELECT workflow_id::text AS workflow_id, name, version, registered_at, definition,
           row_number() OVER (ORDER BY {_ORDER}) AS place
    FROM workflow_definitions
    WHERE $2::text IS NULL
       OR (registered_at IS NULL AND ($3::text IS NOT NULL OR workflow_id::text COLLATE "C" > $2))
       OR registered_at < $3::text::timestamptz
       OR (registered_at = $3::text::timestamptz AND workflow_id::text COLLATE "C" > $2)
    ORDER BY {_ORDER} LIMIT $1
) AS page ON TRUE
ORDER BY page.place
"""  # noqa: S608 - constants only

DELETE: Final = f"DELETE FROM workflow_definitions WHERE workflow_id = {_ID}"  # noqa: S608 - constants only

# One writer at a time per name and tenant, so that two replicas do not both find nothing to replace.
LOCK_KEY: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"

_ROW: Final = "jsonb_populate_record(NULL::workflow_definitions, $1::jsonb) AS new"
_SAME_KEY: Final = (
    "(old.tenant_id, old.name, old.version, old.scope) = (new.tenant_id, new.name, new.version, new.scope)"
)

# A row under another id holds the key, and a row with the id exists too: the first one gives way.
DROP_RIVAL: Final = f"""
DELETE FROM workflow_definitions AS old USING {_ROW}
WHERE {_SAME_KEY} AND old.workflow_id <> new.workflow_id
  AND EXISTS (SELECT FROM workflow_definitions AS same WHERE same.workflow_id = new.workflow_id)
"""  # noqa: S608 - constants only

# Updating in place keeps columns that are not the worker's, such as registered_by.
REPLACE: Final = f"""
UPDATE workflow_definitions AS old
SET workflow_id = new.workflow_id, tenant_id = new.tenant_id, name = new.name, version = new.version,
    scope = new.scope, definition = new.definition, registered_at = now(), definition_hash = new.definition_hash
FROM {_ROW}
WHERE old.workflow_id = new.workflow_id OR {_SAME_KEY}
"""  # noqa: S608 - constants only

INSERT: Final = f"""
INSERT INTO workflow_definitions
       (workflow_id, tenant_id, name, version, scope, definition, registered_at, definition_hash)
SELECT new.workflow_id, new.tenant_id, new.name, new.version, new.scope, new.definition, now(), new.definition_hash
FROM {_ROW}
"""  # noqa: S608 - constants only

# Columns of the orchestrator's own table workflows, when it is there.
WORKFLOWS_COLUMNS: Final = """
SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass('workflows') AND attnum > 0 AND NOT attisdropped
"""

_NOT_ARCHIVED: Final = """
    NOT EXISTS (
        SELECT FROM workflows AS w WHERE w.{id}::text = d.workflow_id::text AND w.status::text = 'archived'
    ) DESC,
"""

_BY_NAME: Final = """
SELECT d.workflow_id::text AS workflow_id
FROM workflow_definitions AS d
WHERE d.name = $1 AND (d.tenant_id = $2 OR d.scope = 'global') AND ($3::text IS NULL OR d.version = $3)
ORDER BY {not_archived} (d.tenant_id = $2) DESC, d.registered_at DESC NULLS LAST
LIMIT 1
"""


def by_name(workflows_columns: frozenset[str]) -> str:
    """Query for the id of one definition by name, tenant and version (or NULL).

    The tenant's own definition comes before a global one, the newest first. Archived ones come last where the
    orchestrator's table ``workflows`` (its columns are ``workflows_columns``; empty: no such table) can tell them.
    """
    identifier = next((name for name in ("workflow_id", "id") if name in workflows_columns), None)
    if identifier is None or "status" not in workflows_columns:
        return _BY_NAME.format(not_archived="")
    return _BY_NAME.format(not_archived=_NOT_ARCHIVED.format(id=identifier))
