# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that the variables of the role ``postgres`` have to keep."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.postgres_tuning import (
    TuningError,
    memory_bytes,
)
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres_provider import (
    limit_mb,
    provider_problems,
)

# PostgreSQL's default of superuser_reserved_connections, which the role leaves alone.
SUPERUSER_RESERVED = 3

# NAMEDATALEN - 1 bytes; the role keeps to names that need no escape in pg_hba.conf, SQL and connection strings.
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$")
_SETTING_NAME = re.compile(r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$")
_HOST_NAME = re.compile(
    r"^\.?(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$"
)
_PASSWORD_HASH = re.compile(r"^(SCRAM-SHA-256\$|md5[0-9a-f]{32}$)")
_SECURE_METHODS = ("scram-sha-256", "cert", "peer", "gss", "ldap", "radius", "reject")
_HBA_TYPES = ("local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc")

# Settings that belong to a variable of their own, or that the role or Debian's tools decide.
_OWNED_SETTINGS = {
    "port": "Set postgres_port",
    "listen_addresses": "Set postgres_listen_addresses",
    "max_connections": "Set postgres_max_connections",
    "password_encryption": "Remove it: passwords are SCRAM-SHA-256 only",
    "data_directory": "Remove it: mount another disk at /var/lib/postgresql",
    "hba_file": "Remove it: add rules with postgres_hba_entries",
    "ident_file": "Remove it",
    "config_file": "Remove it",
    "external_pid_file": "Remove it: systemd reads the process id there",
    "unix_socket_directories": "Remove it: the role connects through /run/postgresql",
    "include": "Remove it: give the settings themselves",
    "include_dir": "Remove it: give the settings themselves",
    "include_if_exists": "Remove it: give the settings themselves",
}


def _problem(variable: str, value: t.Any, what: str, fix: str) -> str:
    return "%s is %r: %s. %s." % (variable, value, what, fix)


def _integer(value: t.Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


def _network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def _is_true(value: t.Any) -> bool:
    return value is True or str(value).strip().lower() in ("on", "true", "yes", "1")


def _is_container(settings: t.Mapping[str, t.Any]) -> bool:
    return settings.get("postgres_provider") == "container"


def _version_problems(settings: t.Mapping[str, t.Any], versions: t.Mapping[str, t.Any]) -> list[str]:
    wanted = str(settings.get("postgres_version") or "")
    repository = settings.get("postgres_repository")
    host = settings.get("host") or {}
    codename = host.get("codename")
    minimum = int(versions["minimum"])
    shipped = dict(versions["distribution"])
    found: list[str] = []
    number = _integer(wanted)
    if wanted and (number is None or number < minimum):
        found.append(
            _problem(
                "postgres_version",
                wanted,
                "not a major version of at least %d" % minimum,
                "Leave it empty for the distribution's version, or give a number such as '17'",
            )
        )
    if codename is not None and codename not in shipped:
        found.append(
            "The host runs %r: the role knows %s. Use one of them, or postgres_mode: managed."
            % (codename, ", ".join("Debian " + name for name in sorted(shipped)))
        )
    elif (
        codename is not None
        and not _is_container(settings)
        and repository == "distribution"
        and wanted
        and not found
        and wanted != str(shipped[codename])
    ):
        found.append(
            _problem(
                "postgres_version",
                wanted,
                "Debian %s ships PostgreSQL %s" % (codename, shipped[codename]),
                "Leave it empty, or set postgres_repository: pgdg",
            )
        )
    return found


def _cluster_problems(settings: t.Mapping[str, t.Any], versions: t.Mapping[str, t.Any]) -> list[str]:
    host = settings.get("host") or {}
    codename = host.get("codename")
    version = str(settings.get("postgres_version") or versions["distribution"].get(codename, ""))
    clusters = host.get("clusters") or []
    if not version or any(cluster["version"] == version for cluster in clusters):
        return []
    others = ["%s/%s" % (cluster["version"], cluster["name"]) for cluster in clusters]
    if not others:
        return []
    keep = "postgres_version: '%s'" % clusters[0]["version"]
    if clusters[0]["version"] != str(versions["distribution"].get(codename)):
        keep += " and postgres_repository: pgdg"
    return [
        _problem(
            "postgres_version",
            version,
            "the host already has the cluster %s, whose data a new and empty cluster would leave behind"
            % ", ".join(others),
            "Upgrade it first (pg_upgradecluster), or keep it with %s" % keep,
        )
    ]


def _listen_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    listen = [str(entry) for entry in settings.get("postgres_listen_addresses") or []]
    own = (settings.get("host") or {}).get("addresses")
    found: list[str] = []
    if not listen:
        return [_problem("postgres_listen_addresses", [], "empty", "Give at least ['127.0.0.1']")]
    for entry in listen:
        address = _address(entry)
        if entry == "*":
            continue
        if address is None:
            found.append(
                _problem(
                    "postgres_listen_addresses",
                    entry,
                    "not an IP address; the server would resolve a name itself, often to loopback",
                    "Set host_address of this host to its IP address, or give addresses here ('*' means all)",
                )
            )
        elif not (address.is_loopback or address.is_unspecified) and own is not None and entry not in own:
            found.append(
                _problem(
                    "postgres_listen_addresses",
                    entry,
                    "no address of this host, which has %s" % (", ".join(own) or "loopback only"),
                    "Set host_address of this host to one of them, or give addresses here ('*' means all)",
                )
            )
    reachable = [entry for entry in listen if not getattr(_address(entry), "is_loopback", False)]
    remote = [
        str(entry)
        for entry in settings.get("postgres_client_addresses") or []
        if not getattr(_network(str(entry)), "is_loopback", False) and not (own is not None and str(entry) in own)
    ]
    if remote and not reachable:
        found.append(
            _problem(
                "postgres_listen_addresses",
                listen,
                "loopback only, but %s must reach this server" % ", ".join(remote),
                "Add the address under which they reach it",
            )
        )
    return found


def _client_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    found: list[str] = []
    if settings.get("postgres_allow_any_client"):
        return found
    fix = "Give the clients' addresses or CIDRs, or set postgres_allow_any_client: true"
    for entry in settings.get("postgres_client_addresses") or []:
        text = str(entry)
        network = _network(text)
        if network is not None:
            # Nobody owns a /7 of IPv4 or a /15 of IPv6: such a range means "everybody" in other words.
            if network.prefixlen < (8 if network.version == 4 else 16):
                found.append(_problem("postgres_client_addresses", text, "as good as every address there is", fix))
        elif text in ("all", "samehost", "samenet"):
            found.append(_problem("postgres_client_addresses", text, "a keyword of pg_hba.conf, not an address", fix))
        elif not _HOST_NAME.match(text) or re.match(r"^[0-9./]+$", text):
            found.append(
                _problem("postgres_client_addresses", text, "neither an IP address, a CIDR nor a host name", fix)
            )
    return found


def _hba_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    found: list[str] = []
    for index, entry in enumerate(settings.get("postgres_hba_entries") or []):
        variable = "postgres_hba_entries[%d]" % index
        kind = entry.get("type", "host")
        method = str(entry.get("method", "scram-sha-256"))
        address = entry.get("address")
        if method.split(" ", maxsplit=1)[0] not in _SECURE_METHODS:
            found.append(
                _problem(
                    variable + ".method",
                    method,
                    "lets clients in without a password or with a weak one",
                    "Use one of %s" % ", ".join(_SECURE_METHODS),
                )
            )
        if kind not in _HBA_TYPES:
            found.append(
                _problem(variable + ".type", kind, "no type of a rule", "Use one of %s" % ", ".join(_HBA_TYPES))
            )
        elif (kind == "local") == bool(address):
            found.append(
                _problem(
                    variable + ".address",
                    address,
                    "a rule of type %r %s an address" % (kind, "has not" if kind == "local" else "needs"),
                    "Remove it" if kind == "local" else "Give an IP address or a CIDR",
                )
            )
        for key in ("type", "database", "user", "address", "method"):
            if re.search(r'[\r\n"#]', str(entry.get(key, ""))):
                found.append(
                    _problem(variable + "." + key, entry[key], "holds a quote, a '#' or a line break", "Remove it")
                )
    return found


def _database_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    databases = settings.get("postgres_databases") or []
    found: list[str] = []
    seen: set[str] = set()
    owners: dict[str, dict[str, t.Any]] = {}
    for index, entry in enumerate(databases):
        name = str(entry.get("name") or "")
        owner = str(entry.get("owner") or "")
        password = str(entry.get("password") or "")
        variable = "postgres_databases[%d]" % index
        hint = entry.get("password_variable") or "%s.password" % variable
        if not _NAME.match(name):
            found.append(
                _problem(variable + ".name", name, "no plain name", "Use letters, digits, '_' and '-', at most 63")
            )
        elif name in ("postgres", "template0", "template1"):
            found.append(_problem(variable + ".name", name, "a database of PostgreSQL itself", "Choose another name"))
        elif name in seen:
            found.append(_problem(variable + ".name", name, "listed twice", "Give every database a name of its own"))
        seen.add(name)
        if not _NAME.match(owner):
            found.append(
                _problem(variable + ".owner", owner, "no plain name", "Use letters, digits, '_' and '-', at most 63")
            )
        elif owner == "postgres" or owner.startswith("pg_"):
            found.append(
                _problem(variable + ".owner", owner, "a role of PostgreSQL itself", "Give the database its own login")
            )
        if not password:
            found.append("%s is empty: the login %r needs a password. Set %s." % (hint, owner, hint))
        elif re.search(r"[\x00\r\n]", password):
            found.append("%s holds a line break or a NUL byte, which no client can send. Set another one." % hint)
        elif _PASSWORD_HASH.match(password):
            found.append("%s looks like a hash: clients need the password itself. Set the plain password." % hint)
        rest = {key: entry.get(key) for key in ("password", "connection_limit", "settings")}
        if owners.setdefault(owner, rest) != rest:
            found.append(
                "postgres_databases gives the login %r two different passwords, connection limits or settings. "
                "Give each database its own owner, or the owner the same values everywhere." % owner
            )
        for extension in entry.get("extensions") or []:
            if not _NAME.match(str(extension)):
                found.append(
                    _problem(variable + ".extensions", extension, "no name of an extension", "Use e.g. 'btree_gin'")
                )
    return found


def _budget_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    limit = _integer(settings.get("postgres_max_connections"))
    demand = _integer(settings.get("postgres_connection_demand"))
    reserve = _integer(settings.get("postgres_connection_reserve"))
    found: list[str] = []
    for name, value in (
        ("postgres_max_connections", limit),
        ("postgres_connection_demand", demand),
        ("postgres_connection_reserve", reserve),
    ):
        if value is None or value < 0:
            found.append(_problem(name, settings.get(name), "not a number of connections", "Give a whole number"))
    if limit is None or demand is None or reserve is None:
        return found
    need = demand + reserve + SUPERUSER_RESERVED
    if limit < need:
        found.append(
            _problem(
                "postgres_max_connections",
                limit,
                "the inventory's pools can open %d connections, %d are kept in reserve and %d for superusers"
                % (demand, reserve, SUPERUSER_RESERVED),
                "Set at least %d (restarts PostgreSQL), or make the pools smaller "
                "(temporal_sql_max_conns, temporal_visibility_sql_max_conns)" % need,
            )
        )
    return found


def _memory_mb(settings: t.Mapping[str, t.Any]) -> int | None:
    """Return the least of what the host has and what the limit leaves."""
    sizes = [_integer((settings.get("host") or {}).get("memory_mb")), limit_mb(settings.get("postgres_memory_max"))]
    return min((size for size in sizes if size), default=None)


def _setting_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    chosen = settings.get("postgres_settings") or {}
    found: list[str] = []
    for name, value in chosen.items():
        variable = "postgres_settings.%s" % name
        if not _SETTING_NAME.match(str(name)):
            found.append("postgres_settings has the key %r: no name of a setting. Use e.g. 'work_mem'." % (name,))
        elif name in _OWNED_SETTINGS:
            found.append(_problem(variable, value, "not set here", _OWNED_SETTINGS[name]))
        elif not isinstance(value, (str, int, float)) or re.search(r"[\r\n]", str(value)):
            found.append(_problem(variable, value, "not a single value", "Give a text, a number or true/false"))
    unit = settings.get("postgres_unit_overrides") or {}
    forbidden = not _is_container(settings) and _is_true(unit.get("MemoryDenyWriteExecute", True))
    if _is_true(chosen.get("jit")) and forbidden:
        found.append(
            _problem(
                "postgres_settings.jit",
                chosen["jit"],
                "the compiler needs memory that is writable and executable, which the unit forbids",
                "Leave it off (Temporal's statements are short), or add MemoryDenyWriteExecute: false to "
                "postgres_unit_overrides",
            )
        )
    memory = _integer(settings.get("postgres_memory_mb")) or _memory_mb(settings)
    if memory and "shared_buffers" in chosen:
        try:
            size = memory_bytes(chosen["shared_buffers"], unit_bytes=8192)
        except TuningError as error:
            found.append(
                _problem("postgres_settings.shared_buffers", chosen["shared_buffers"], str(error), "Use '2GB'")
            )
        else:
            # Above half of the memory PostgreSQL and the kernel keep the same pages twice; near all of it the server
            # does not start.
            if size > memory * 1024 * 1024 // 2:
                found.append(
                    _problem(
                        "postgres_settings.shared_buffers",
                        chosen["shared_buffers"],
                        "more than half of the %d MB that PostgreSQL may use" % memory,
                        "Leave it out for a quarter, or give more with postgres_memory_mb",
                    )
                )
    return found


def _host_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    host = settings.get("host") or {}
    found: list[str] = []
    port = _integer(settings.get("postgres_port"))
    listen = [str(entry) for entry in settings.get("postgres_listen_addresses") or []]
    wildcards = ("*", "0.0.0.0", "::")
    own_processes = {cluster["pid"] for cluster in host.get("clusters") or [] if cluster["pid"]}
    taken = [
        entry
        for entry in host.get("listeners") or []
        if not own_processes.intersection(entry["pids"])
        and (entry["address"] in wildcards + tuple(listen) or any(mine in wildcards for mine in listen))
    ]
    for entry in taken[:1]:
        found.append(
            _problem(
                "postgres_port",
                port,
                "%s already listens on %s:%s" % (entry["process"] or "another process", entry["address"], port),
                "Stop it, or set another port",
            )
        )
    free = _integer(host.get("free_mb"))
    least = _integer(settings.get("postgres_minimum_free_mb"))
    if free is not None and least is not None and free < least:
        found.append(
            _problem(
                "postgres_minimum_free_mb",
                least,
                "the disk under /var/lib/postgresql has only %d MB left" % free,
                "Make room on the host before the database stops, or lower the limit",
            )
        )
    return found


def problems(settings: t.Mapping[str, t.Any], versions: t.Mapping[str, t.Any]) -> list[str]:
    """Return every rule that is broken, one sentence each; empty when all is well.

    Args:
        settings: The role's variables by name. ``host`` (optional) is what ``postgres_inspection`` found on the host;
            without it the rules that need the host are left out.
        versions: ``minimum`` (int, oldest major version) and ``distribution`` (dict: Debian codename to its major
            version).
    """
    found: list[str] = []
    port = _integer(settings.get("postgres_port"))
    managed = settings.get("postgres_mode") == "managed"
    lowest = 1 if managed else 1024
    if port is None or not lowest <= port <= 65535:
        found.append(
            _problem(
                "postgres_port",
                settings.get("postgres_port"),
                "no port that PostgreSQL can listen on without being root",
                "Give a number from %d to 65535" % lowest,
            )
        )
    found += _database_problems(settings)
    if managed:
        if not settings.get("postgres_managed_host"):
            found.append(
                _problem("postgres_managed_host", "", "empty in mode 'managed'", "Give the server's name or address")
            )
        if bool(settings.get("postgres_admin_user")) != bool(settings.get("postgres_admin_password")):
            found.append(
                "postgres_admin_user and postgres_admin_password belong together, but only one is set. "
                "Set both to create logins and databases, or none to check them only."
            )
        return found
    found += _version_problems(settings, versions)
    found += provider_problems(settings)
    found += _cluster_problems(settings, versions)
    found += _listen_problems(settings)
    found += _client_problems(settings)
    found += _hba_problems(settings)
    found += _budget_problems(settings)
    found += _setting_problems(settings)
    found += _host_problems(settings)
    return found
