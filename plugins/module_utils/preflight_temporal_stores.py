# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases and shards in the variables of role temporal."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import (
    Problems,
    duration_problems,
    integer,
    port_problems,
    say,
)
from ansible_collections.aegis.temporal.plugins.module_utils.sql_password import problem as password_problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import Settings

PLUGINS = ("postgres12_pgx", "postgres12")

# They stand unescaped in the URL that the server builds for its driver.
_URL_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?"
_HOST_NAME = re.compile(r"^(?=.{1,253}$)%s(\.%s)*\.?$" % (_LABEL, _LABEL))


def _database(settings: Settings, prefix: str) -> Problems:
    host = settings[prefix + "_host"]
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        if not _HOST_NAME.match(str(host)):
            yield say(
                prefix + "_host",
                host,
                "neither a host name nor an IP address",
                "Give the name or address alone; the port goes into %s_port." % prefix,
            )
    yield from port_problems(prefix + "_port", settings[prefix + "_port"], minimum=1)
    for part, what in (("_name", "database"), ("_user", "login")):
        value = settings[prefix + part]
        if not _URL_NAME.match(str(value)):
            yield say(
                prefix + part,
                value,
                "not usable as the name of a %s" % what,
                "Use letters, digits, underscore, dot and hyphen.",
            )
    password = settings[prefix + "_password"]
    if password in ("", None):
        yield (
            "%s_password is empty: the server has no way to log in. "
            "Set it, or take the playbooks' generated passwords." % prefix
        )
    elif not isinstance(password, str):
        yield "%s_password is not a text. Put it in quotes." % prefix
    else:
        wrong = password_problem(password)
        if wrong:
            yield "%s_password %s. Choose another password." % (prefix, wrong)


def databases(settings: Settings) -> Problems:
    """Yield what is wrong with the two stores."""
    plugin = settings["temporal_database_plugin"]
    if plugin in ("postgres", "postgresql"):
        yield say(
            "temporal_database_plugin",
            plugin,
            "the server dropped this name (and DB=postgresql of its images) in 1.24",
            "Choose postgres12_pgx, or postgres12 for the driver lib/pq; both work with PostgreSQL 12 and newer.",
        )
    elif plugin not in PLUGINS:
        yield say(
            "temporal_database_plugin",
            plugin,
            "this collection deploys on PostgreSQL only",
            "Choose one of %s." % ", ".join(PLUGINS),
        )
    yield from _database(settings, "temporal_database")
    yield from _database(settings, "temporal_visibility_database")
    places = [
        tuple(str(settings[prefix + part]) for part in ("_host", "_port", "_name"))
        for prefix in ("temporal_database", "temporal_visibility_database")
    ]
    if places[0] == places[1]:
        yield say(
            "temporal_visibility_database_name",
            settings["temporal_visibility_database_name"],
            "the same database as temporal_database_name, but both stores keep their schema version in the same table",
            "Give each store its own database.",
        )
    tls = settings["temporal_database_tls"]
    if bool(tls.get("cert_file")) != bool(tls.get("key_file")):
        yield say("temporal_database_tls", dict(tls), "cert_file and key_file belong together", "Give both or none.")
    for key in ("ca_file", "cert_file", "key_file"):
        if tls.get(key) and not str(tls[key]).startswith("/"):
            yield say(
                "temporal_database_tls.%s" % key,
                tls[key],
                "not an absolute path",
                "Give the path on the server's host.",
            )
    for variable in ("temporal_sql_max_conns", "temporal_visibility_sql_max_conns"):
        conns = integer(settings[variable])
        if conns is None or conns < 1:
            yield say(
                variable, settings[variable], "not a number of connections", "Give at least 1; the default suits most."
            )
    yield from duration_problems("temporal_sql_max_conn_lifetime", settings["temporal_sql_max_conn_lifetime"], 1)


def shards(settings: Settings) -> Problems:
    """Yield what is wrong with what a cluster keeps for life: shards and name."""
    shards = integer(settings["temporal_num_history_shards"])
    if shards is None or shards < 1:
        yield say(
            "temporal_num_history_shards",
            settings["temporal_num_history_shards"],
            "not a number of shards",
            "Give 512, or the number with which this cluster was first started (4 for databases of auto-setup).",
        )
    if not _URL_NAME.match(str(settings["temporal_cluster_name"])):
        yield say(
            "temporal_cluster_name",
            settings["temporal_cluster_name"],
            "not usable as a name",
            "Use letters, digits, underscore, dot and hyphen.",
        )
