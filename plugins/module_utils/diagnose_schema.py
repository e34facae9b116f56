# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known problems of the schemas and of the extension that visibility needs."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_model import (
    NOTE,
    PROBLEM,
    WARNING,
    Facts,
    Finding,
    Findings,
    Problem,
    helm_thread,
    server_thread,
    size,
)
from ansible_collections.aegis.temporal.plugins.module_utils.schema_costs import REWRITE
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import number

# The main store had reached 1.8 before visibility had 1.2; no visibility schema is numbered like these yet.
_MAIN_ONLY = (1, 15)
_OTHER_STORE = {"default": "executions_visibility", "visibility": "current_executions"}

PROBLEMS = (
    Problem(
        "schema_behind",
        PROBLEM,
        "the schema is older than the server needs",
        "`schema_version` of both stores beside the number that the version needs",
        "The schema was not updated before the binaries, or only one of the two stores was.",
        "Run the part `temporal`: it updates both stores before it touches a server.",
        helm_thread(228),
    ),
    Problem(
        "schema_ahead",
        NOTE,
        "the schema is newer than the server needs",
        "the same",
        "An older server runs on databases that a newer one has updated. The server accepts that, as the way back.",
        "Finish the upgrade or the way back; the schema stays as it is.",
        "https://docs.temporal.io/self-hosted-guide/upgrade-server",
    ),
    Problem(
        "visibility_numbered_as_main",
        PROBLEM,
        "the visibility store carries the main store's schema number",
        "a visibility `schema_version` of 1.15 or more, or none of its tables",
        "The main schema was set up in the visibility database, or both stores shared one.",
        "Give visibility an empty database of its own (temporal_visibility_database_name) and run the part `temporal`.",
        helm_thread(655),
    ),
    Problem(
        "stores_share_database",
        PROBLEM,
        "both stores use one database",
        "the identity of the two databases, and tables of both stores in one of them",
        "temporal_database_name and temporal_visibility_database_name lead to the same database.",
        "Give each store its own: both keep their version in the same table.",
        "https://github.com/temporalio/docker-builds/issues/215",
    ),
    Problem(
        "visibility_never_updated",
        PROBLEM,
        "the visibility schema was never updated",
        "a visibility `schema_version` of 1.1 or less: standard visibility, as auto-setup up to 1.23 left it",
        "Visibility is updated apart from the main store, which was forgotten on the way to 1.24.",
        "Run the part `temporal` with the version next to the one that runs; it updates both stores.",
        server_thread(6844),
    ),
    Problem(
        "table_rewrite_ahead",
        WARNING,
        "a pending step rewrites the visibility table",
        "cost classes of the pending steps (`schema_info`), with rows and bytes of the table",
        "Generated columns copy the whole table, and nobody reads or writes it meanwhile.",
        "Plan a window, or step to a patch whose tool does it once (1.30.5, 1.31.1 or newer); see to twice the space.",
        server_thread(10358),
    ),
    Problem(
        "schema_refused",
        PROBLEM,
        "an update of the schema would be refused",
        "the refusal of `schema_info`",
        "A minor would be skipped, or the databases belong to another cluster.",
        "Do what the evidence says.",
        "https://docs.temporal.io/self-hosted-guide/upgrade-server",
    ),
    Problem(
        "btree_gin_missing",
        PROBLEM,
        "the extension btree_gin is missing",
        "`pg_extension` of the visibility database",
        "The login of the server may not create it, so the next update of the visibility schema fails.",
        "As a superuser: CREATE EXTENSION btree_gin, in the visibility database.",
        server_thread(9930),
    ),
    Problem(
        "btree_gin_outside_search_path",
        PROBLEM,
        "the extension btree_gin is outside of the search path",
        "its schema beside `current_schemas` of the server's login",
        "It was created in a schema that the login does not search, so its operator classes are not found.",
        "ALTER EXTENSION btree_gin SET SCHEMA public, or add its schema to the login's search_path.",
        server_thread(9930),
    ),
    Problem(
        "invalid_index",
        WARNING,
        "an index is not valid",
        "`pg_index.indisvalid` of the server's tables",
        "A concurrent build was interrupted: the index costs writes and serves no reads.",
        "REINDEX INDEX CONCURRENTLY it.",
        "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
    ),
)


def detect(facts: Facts) -> Findings:
    """Yield what is known to go wrong with schemas."""
    stores: Facts = (facts.get("database") or {}).get("stores") or {}
    needed = {str(item["name"]): item["target"] for item in (facts.get("schema") or {}).get("stores") or []}
    yield from _versions(stores, needed)
    yield from _sharing(stores)
    yield from _steps(facts.get("schema") or {})
    visibility = stores.get("visibility") or {}
    if visibility.get("reached"):
        yield from _extension(visibility)
    for name, store in sorted(stores.items()):
        if store.get("invalid_indexes"):
            yield Finding("invalid_index", "", "%s store: %s" % (name, ", ".join(store["invalid_indexes"])))


def _versions(stores: Facts, needed: t.Mapping[str, str]) -> Findings:
    for name, store in sorted(stores.items()):
        live, wanted = store.get("schema_version"), needed.get(name)
        said = "%s store: schema %s, needed is %s" % (name, live, wanted or "unknown")
        if live is None:
            continue
        if name == "visibility" and number(live) >= _MAIN_ONLY and (wanted is None or number(live) > number(wanted)):
            yield Finding("visibility_numbered_as_main", "", said)
        elif name == "visibility" and number(live) <= (1, 1):
            yield Finding("visibility_never_updated", "", said)
        elif wanted is not None and number(live) < number(wanted):
            yield Finding("schema_behind", "", said)
        elif wanted is not None and number(live) > number(wanted):
            yield Finding("schema_ahead", "", said)


def _sharing(stores: Facts) -> Findings:
    identities = [store["identity"] for store in stores.values() if store.get("identity")]
    if len(identities) == 2 and identities[0] == identities[1]:
        yield Finding("stores_share_database", "", "both stores: %s" % stores["default"]["where"])
        return
    for name, store in sorted(stores.items()):
        own = _OTHER_STORE["visibility" if name == "default" else "default"]
        tables = store.get("tables") or []
        if _OTHER_STORE[name] in tables:
            both = "beside its own" if own in tables else "and none of its own"
            known = "stores_share_database" if own in tables or name == "default" else "visibility_numbered_as_main"
            yield Finding(known, "", "%s has the table %s %s" % (store["where"], _OTHER_STORE[name], both))


def _steps(schema: Facts) -> Findings:
    if schema.get("refusal"):
        yield Finding("schema_refused", "", str(schema["refusal"]))
    for step in schema.get("steps") or []:
        heavy = [change for change in step["changes"] if change["cost"] == REWRITE and change["rows"]]
        if heavy:
            yield Finding(
                "table_rewrite_ahead",
                "",
                "%s store, schema %s: %s rows (%s) are copied %d time(s)"
                % (
                    step["store"],
                    ", ".join(change["version"] for change in heavy),
                    "{:,}".format(max(change["rows"] for change in heavy)),
                    size(max(change["bytes"] for change in heavy)),
                    len(heavy),
                ),
            )


def _extension(visibility: Facts) -> Findings:
    extension = visibility.get("btree_gin")
    # Visibility before 1.2 has no use for it.
    if number(visibility.get("schema_version") or "0.0") < (1, 2):
        return
    if extension is None:
        yield Finding("btree_gin_missing", "", "%s has no such extension" % visibility["where"])
    elif not extension["visible"]:
        yield Finding(
            "btree_gin_outside_search_path",
            "",
            "it is in the schema %s; searched are %s" % (extension["schema"], ", ".join(extension["searched"])),
        )
