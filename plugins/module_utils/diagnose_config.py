# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known problems of the configuration files as they are on the hosts."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.aegis.temporal.plugins.module_utils import dynamic_config
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_cluster import unroutable
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_model import (
    PROBLEM,
    WARNING,
    Facts,
    Finding,
    Findings,
    Problem,
    helm_thread,
    hosts,
    server_thread,
)
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import minor

_UI = "https://github.com/temporalio/ui/issues/1418"

PROBLEMS = (
    Problem(
        "config_unreadable",
        PROBLEM,
        "a configuration file is missing or cannot be read",
        "the file on the host, as YAML",
        "The part was never run there, or somebody edited the file by hand.",
        "Run the part again: it writes the file anew.",
        helm_thread(504),
    ),
    Problem(
        "plugin_unknown",
        PROBLEM,
        "the driver named in the configuration is unknown to the server",
        "`pluginName` of every datastore in the file on the host, beside the version",
        "`postgres` (and DB=postgresql of the images) is gone since 1.24.",
        "Use temporal_database_plugin: postgres12_pgx or postgres12.",
        "https://github.com/temporalio/docker-builds/issues/258",
    ),
    Problem(
        "authorizer_without_internal_frontend",
        PROBLEM,
        "an authorizer is set and no host runs internal-frontend",
        "`global.authorization.authorizer` in the file on the host, and the services of the cluster",
        "The server's own worker calls a frontend without claims and is refused.",
        "Add internal-frontend to temporal_services of at least one host.",
        helm_thread(560),
    ),
    Problem(
        "public_client_with_internal_frontend",
        PROBLEM,
        "publicClient is set beside internal-frontend",
        "`publicClient.hostPort` in the file on the host",
        "The server refuses to start with both.",
        "Take publicClient out of temporal_config_overrides.",
        helm_thread(571),
    ),
    Problem(
        "broadcast_unroutable",
        PROBLEM,
        "the configured broadcast address cannot be dialled by others, or is not the host's",
        "`global.membership.broadcastAddress` in the file on the host, beside the host's own addresses",
        "It was left at loopback, or belongs to another interface or host.",
        "Set temporal_broadcast_address (or host_address) to the one that the other hosts reach.",
        server_thread(2690),
    ),
    Problem(
        "broadcast_brackets",
        PROBLEM,
        "the broadcast address has brackets or a port",
        "`global.membership.broadcastAddress` in the file on the host",
        "The server takes a bare IP address, also of IPv6.",
        "Write the address alone.",
        server_thread(3629),
    ),
    Problem(
        "membership_port_too_high",
        PROBLEM,
        "a membership port is above 32767",
        "`services.*.rpc.membershipPort` in the file on the host",
        "The server keeps the port in a SMALLINT column and fails when it joins.",
        "Choose one up to 32767.",
        server_thread(2690),
    ),
    Problem(
        "dynamic_config_wrong",
        PROBLEM,
        "the dynamic configuration has keys or values that the version does not take",
        "the file on the host, beside the keys and types of the running version",
        "A key was removed or renamed, or its value has another type. The server only logs a warning.",
        "Correct temporal_dynamic_config and run the part `temporal`.",
        "https://docs.temporal.io/references/dynamic-configuration",
    ),
    Problem(
        "dynamic_config_differs",
        WARNING,
        "the dynamic configuration differs between hosts",
        "the files of all hosts beside each other",
        "A host was left out with --limit, or its file was edited by hand.",
        "Run the part `temporal` for all hosts, or set host variables apart on purpose.",
        "https://docs.temporal.io/references/dynamic-configuration",
    ),
    Problem(
        "stop_timeout_too_short",
        PROBLEM,
        "systemd kills the server before it has drained",
        "`TimeoutStopUSec` of the unit beside the sum of the drain keys",
        "The drain keys were raised, or a drop-in lowers TimeoutStopSec.",
        "Run the part `temporal`: it works the time out; take the drop-in away.",
        server_thread(4202),
    ),
    Problem(
        "ui_cookie_insecure_missing",
        PROBLEM,
        "the UI is used over plain HTTP with secure cookies",
        "`cors.cookieInsecure` in the file on the host beside temporal_ui_public_url",
        "Browsers do not keep its CSRF cookie, so every write action fails.",
        "Run the part `temporal_ui`, or take cors out of temporal_ui_config_overrides.",
        "https://github.com/temporalio/ui-server/issues/261",
    ),
    Problem(
        "ui_cookie_insecure",
        WARNING,
        "the UI is used over HTTPS with insecure cookies",
        "the same",
        "A cookie without Secure also goes over plain HTTP.",
        "Run the part `temporal_ui`, or take cors out of temporal_ui_config_overrides.",
        "https://github.com/temporalio/ui-server/issues/281",
    ),
    Problem(
        "ui_origin_missing",
        PROBLEM,
        "the UI does not allow its own public origin",
        "`cors.allowOrigins` in the file on the host beside temporal_ui_public_url",
        "The public URL was changed beside the UI's configuration.",
        "Set temporal_ui_public_url to what browsers show, with scheme and port.",
        _UI,
    ),
    Problem(
        "ui_any_origin",
        WARNING,
        "the UI allows every origin",
        "`cors.unsafeAllowAllOrigins`, or * in `cors.allowOrigins`",
        "Somebody made CORS errors go away. Any page may now act in the name of who has the UI open.",
        "Name the origins in temporal_ui_extra_origins.",
        helm_thread(401),
    ),
    Problem(
        "ui_path_differs",
        PROBLEM,
        "the UI serves another path than its public URL has",
        "`publicPath` in the file on the host beside temporal_ui_public_url",
        "A proxy's prefix must be in both.",
        "Set temporal_ui_public_url with the path, and keep it in the proxy.",
        "https://github.com/temporalio/ui/issues/1894",
    ),
)


def detect(facts: Facts) -> Findings:
    """Yield what is known to go wrong with configuration files."""
    expected = facts.get("expected") or {}
    for name, host in hosts(facts):
        for path, file in sorted((host.get("files") or {}).items()):
            if file.get("error"):
                yield Finding("config_unreadable", name, "%s: %s" % (path, file["error"]))
    for name, host in hosts(facts, "server"):
        yield from _server(name, host, expected)
        yield from _stop(name, host)
    for name, host in hosts(facts, "ui"):
        yield from _ui(name, host.get("ui_config") or {}, str((host.get("expected") or {}).get("public_url") or ""))
    yield from _dynamic(facts, str(expected.get("server_version") or ""))


def _server(name: str, host: Facts, expected: Facts) -> Findings:
    config: Facts = host.get("server_config") or {}
    for store, content in sorted(((config.get("persistence") or {}).get("datastores") or {}).items()):
        plugin = (content.get("sql") or {}).get("pluginName")
        version = str((host.get("expected") or {}).get("server_version") or expected.get("server_version") or "")
        if plugin in ("postgresql", "mysql5") or (
            plugin in ("postgres", "mysql") and version and minor(version) >= (1, 24)
        ):
            yield Finding("plugin_unknown", name, "datastore %s: pluginName is %r" % (store, plugin))
    services: t.Sequence[str] = expected.get("services") or []
    authorization = (config.get("global") or {}).get("authorization") or {}
    authorizer = authorization.get("authorizer") if isinstance(authorization, t.Mapping) else None
    if authorizer and "internal-frontend" not in services:
        said = "authorizer is %r, services are %s" % (authorizer, ", ".join(services))
        yield Finding("authorizer_without_internal_frontend", name, said)
    own = config.get("services") or {}
    public = config.get("publicClient") or {}
    if "internal-frontend" in own and public.get("hostPort"):
        yield Finding("public_client_with_internal_frontend", name, "publicClient.hostPort is %s" % public["hostPort"])
    for service, content in sorted(own.items()):
        port = ((content or {}).get("rpc") or {}).get("membershipPort") or 0
        if port > 32767:
            yield Finding("membership_port_too_high", name, "%s: %d" % (service, port))
    yield from _broadcast(name, host, config, expected)


def _broadcast(name: str, host: Facts, config: Facts, expected: Facts) -> Findings:
    address = str(((config.get("global") or {}).get("membership") or {}).get("broadcastAddress") or "")
    if not address:
        return
    if "[" in address or address.count(":") == 1:
        yield Finding("broadcast_brackets", name, "broadcastAddress is %r" % address)
        return
    several = len({member["address"] for member in expected.get("members") or []}) > 1
    why = unroutable(address, several)
    own = host.get("addresses") or []
    # A host behind address translation announces one that it does not have: nothing to be sure of.
    if why:
        yield Finding("broadcast_unroutable", name, "%s: %s" % (address, why))
    elif own and address not in own:
        said = "%s is none of the host's own (%s)" % (address, ", ".join(own))
        yield Finding("broadcast_unroutable", name, said, WARNING)


def _stop(name: str, host: Facts) -> Findings:
    needed = (host.get("expected") or {}).get("stop_timeout")
    for unit in host.get("units") or []:
        if unit["part"] != "server" or not needed or unit.get("stop_timeout") is None:
            continue
        if unit["stop_timeout"] < float(needed):
            said = "%s may take %.0f s, draining takes up to %.0f s" % (
                unit["name"],
                unit["stop_timeout"],
                float(needed),
            )
            yield Finding("stop_timeout_too_short", name, said)


def _ui(name: str, config: Facts, public_url: str) -> Findings:
    if not config or not public_url:
        return
    url, cors = urlsplit(public_url), config.get("cors") or {}
    insecure = bool(cors.get("cookieInsecure"))
    if url.scheme == "http" and not insecure and not config.get("disableWriteActions"):
        yield Finding("ui_cookie_insecure_missing", name, "public URL %s, cookieInsecure is false" % public_url)
    if url.scheme == "https" and insecure:
        yield Finding("ui_cookie_insecure", name, "public URL %s, cookieInsecure is true" % public_url)
    origins = [str(origin) for origin in cors.get("allowOrigins") or []]
    if cors.get("unsafeAllowAllOrigins") or "*" in origins:
        yield Finding("ui_any_origin", name, "allowOrigins: %s" % (", ".join(origins) or "all"))
    elif "%s://%s" % (url.scheme, url.netloc) not in origins:
        said = "%s://%s is not among %s" % (url.scheme, url.netloc, ", ".join(origins) or "none")
        yield Finding("ui_origin_missing", name, said)
    if str(config.get("publicPath") or "").rstrip("/") != url.path.rstrip("/"):
        said = "publicPath is %r, the public URL is %s" % (config.get("publicPath") or "", public_url)
        yield Finding("ui_path_differs", name, said)


def _dynamic(facts: Facts, version: str) -> Findings:
    files = {}
    for name, host in hosts(facts, "server"):
        values = host.get("dynamic_config")
        if values is None:
            continue
        files[name] = values
        if not isinstance(values, t.Mapping):
            yield Finding("dynamic_config_wrong", name, "the file is no mapping of keys")
            continue
        running = str((host.get("expected") or {}).get("server_version") or version)
        if facts.get("dynamic_config_keys") and running:
            try:
                wrong, doubtful = dynamic_config.problems(values, facts["dynamic_config_keys"], running, "the file")
            except ValueError as error:
                wrong, doubtful = [], [str(error)]
            for said in wrong:
                yield Finding("dynamic_config_wrong", name, said)
            for said in doubtful:
                yield Finding("dynamic_config_wrong", name, said, WARNING)
    for name, values in sorted(files.items())[1:]:
        first = min(files)
        if values != files[first]:
            both = [
                values if isinstance(values, t.Mapping) else {},
                files[first] if isinstance(files[first], t.Mapping) else {},
            ]
            keys = sorted(str(key) for key in {*both[0], *both[1]} if both[0].get(key) != both[1].get(key))
            yield Finding("dynamic_config_differs", name, "unlike on %s: %s" % (first, ", ".join(keys) or "all of it"))
