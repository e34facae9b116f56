# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known problems of certificates: which files the configurations name, and what is wrong with them."""

from __future__ import annotations

import ipaddress
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
    hosts,
    server_thread,
)

# Days before the end at which a certificate is told.
SOON_DAYS = 30
SERVER, CLIENT = "serverAuth", "clientAuth"
# What the units take from their processes (roles/runtime/vars/main.yml).
_HIDDEN = ("/home/", "/root/", "/run/user/")

PROBLEMS = (
    Problem(
        "certificate_expired",
        PROBLEM,
        "a certificate has expired or is not valid yet",
        "`openssl x509` of every certificate that a configuration names",
        "Nobody renewed it, or the host's clock is wrong.",
        "Renew it; with global.tls.refreshInterval no restart is needed.",
        server_thread(3527),
    ),
    Problem(
        "certificate_expires_soon",
        WARNING,
        "a certificate expires soon",
        "the same; diagnose_certificate_days, 30 by default",
        "It has to be renewed.",
        "Renew it; with global.tls.refreshInterval no restart is needed.",
        server_thread(3527),
    ),
    Problem(
        "certificate_wrong_usage",
        PROBLEM,
        "a certificate may not be used for what it is used for",
        "its extended key usage: internode needs serverAuth and clientAuth, a frontend's and the UI's serverAuth",
        "The internode certificate of the server is also its certificate as a client.",
        "Issue it with both usages.",
        helm_thread(739),
    ),
    Problem(
        "certificate_wrong_name",
        PROBLEM,
        "a certificate lacks the name that clients expect",
        "its subjectAltName beside `serverName` of the client's part of the configuration",
        "The name is in the common name only, or serverName was changed.",
        "Issue it with that name as a subjectAltName.",
        server_thread(2698),
    ),
    Problem(
        "certificate_key_mismatch",
        PROBLEM,
        "certificate and key do not belong together",
        "the public key of both files",
        "One of the two was renewed alone.",
        "Put the pair in place.",
        server_thread(2035),
    ),
    Problem(
        "certificate_unreadable",
        PROBLEM,
        "the service cannot read a file of its TLS configuration",
        "`test -r` as the user of the unit; paths that the unit's hardening hides",
        "The file is missing, belongs to root alone, or is below a home directory.",
        "chgrp it to the service's user with mode 0640, outside of /home and /root.",
        helm_thread(644),
    ),
    Problem(
        "certificate_not_examined",
        NOTE,
        "a certificate could not be examined",
        "openssl on the host",
        "openssl is not on the host, or the file is no certificate in PEM.",
        "Install openssl, or look at the file.",
        helm_thread(644),
    ),
    Problem(
        "frontend_ca_lacks_internode",
        WARNING,
        "frontends ask for client certificates and may not trust those of their own cluster",
        "`internode.client.rootCaFiles` beside `frontend.server.clientCaFiles`",
        "The services of a cluster also call its frontends, with the internode certificate.",
        "List the internode authority in frontend.server.clientCaFiles too; frontends need an internode certificate.",
        helm_thread(739),
    ),
)


def files(config: Facts, part: str) -> list[dict[str, t.Any]]:
    """Return the certificates and keys that a configuration of C(server) or C(ui) names.

    Each has C(cert), C(key), the usages that it needs and the name that clients expect, all but the first optional.
    """
    found: list[dict[str, t.Any]] = []
    if part == "ui":
        found += _pair("UI", config.get("uiServerTLS") or {}, [SERVER], "")
        found += _pair("UI to frontend", config.get("tls") or {}, [CLIENT], "")
        found += _authorities("UI to frontend", (config.get("tls") or {}).get("caFile"))
        return found
    tls: Facts = (config.get("global") or {}).get("tls") or {}
    for side, usages in (("internode", [SERVER, CLIENT]), ("frontend", [SERVER])):
        block: Facts = tls.get(side) or {}
        client: Facts = block.get("client") or {}
        found += _pair(side, block.get("server") or {}, usages, str(client.get("serverName") or ""))
        found += _authorities(
            side, *(client.get("rootCaFiles") or []), *((block.get("server") or {}).get("clientCaFiles") or [])
        )
        for name, override in sorted((block.get("hostOverrides") or {}).items()):
            found += _pair("%s for %s" % (side, name), override or {}, [SERVER], str(name))
    found += _pair("system worker", tls.get("systemWorker") or {}, [CLIENT], "")
    for store, content in sorted(((config.get("persistence") or {}).get("datastores") or {}).items()):
        database: Facts = ((content or {}).get("sql") or {}).get("tls") or {}
        found += _pair("datastore " + store, database, [CLIENT], "")
        found += _authorities("datastore " + store, database.get("caFile"))
    return found


def _pair(label: str, block: Facts, usages: list[str], name: str) -> list[dict[str, t.Any]]:
    cert = block.get("certFile")
    if not cert:
        return []
    return [{"label": label, "cert": str(cert), "key": str(block.get("keyFile") or ""), "usages": usages, "name": name}]


def _authorities(label: str, *paths: t.Any) -> list[dict[str, t.Any]]:
    return [
        {"label": label + " authority", "cert": str(path), "key": "", "usages": [], "name": ""}
        for path in paths
        if path
    ]


def detect(facts: Facts) -> Findings:
    """Yield what is known to go wrong with certificates."""
    soon = float((facts.get("expected") or {}).get("certificate_days") or SOON_DAYS)
    for name, host in hosts(facts):
        for certificate in host.get("certificates") or []:
            yield from _certificate(name, certificate, soon)
        tls: Facts = ((host.get("server_config") or {}).get("global") or {}).get("tls") or {}
        frontend: Facts = (tls.get("frontend") or {}).get("server") or {}
        internode = ((tls.get("internode") or {}).get("client") or {}).get("rootCaFiles") or []
        if frontend.get("requireClientAuth") and internode:
            lacking = sorted(set(internode) - set(frontend.get("clientCaFiles") or []))
            if lacking:
                yield Finding("frontend_ca_lacks_internode", name, "clientCaFiles lacks %s" % ", ".join(lacking))


def _certificate(host: str, found: Facts, soon: float) -> Findings:
    label = "%s (%s)" % (found["cert"], found["label"])
    for path, why in sorted((found.get("unreadable") or {}).items()):
        yield Finding("certificate_unreadable", host, "%s (%s): %s" % (path, found["label"], why))
    for path in (found["cert"], found.get("key") or ""):
        if path.startswith(_HIDDEN):
            yield Finding("certificate_unreadable", host, "%s: the unit hides this directory (ProtectHome)" % path)
    if found.get("access_error"):
        yield Finding("certificate_not_examined", host, "%s: %s" % (label, found["access_error"]))
    if found.get("error"):
        yield Finding("certificate_not_examined", host, "%s: %s" % (label, found["error"]))
        return
    if found.get("days_left") is None:
        return
    if found["days_left"] < 0 or number_of(found.get("days_until_valid")) > 0:
        yield Finding("certificate_expired", host, "%s: valid from %s to %s" % (label, found["from"], found["to"]))
    elif found["days_left"] < soon:
        yield Finding(
            "certificate_expires_soon", host, "%s: %.0f days left (%s)" % (label, found["days_left"], found["to"])
        )
    lacking = sorted(set(found["usages"]) - set(found["has_usages"]))
    # Without the extension a certificate may be used for everything.
    if found["has_usages"] and lacking:
        yield Finding("certificate_wrong_usage", host, "%s lacks %s" % (label, ", ".join(lacking)))
    if found["name"] and not covers(found["names"], found["name"]):
        said = "%s: %s is not among %s" % (label, found["name"], ", ".join(found["names"]) or "no names")
        yield Finding("certificate_wrong_name", host, said)
    if found.get("key_matches") is False:
        yield Finding("certificate_key_mismatch", host, "%s and %s" % (label, found["key"]))


def number_of(value: t.Any) -> float:
    """Return a number that may be missing; 0 then."""
    return float(value or 0)


def covers(names: t.Sequence[str], wanted: str) -> bool:
    """Tell whether a certificate of these names is good for ``wanted``: a wildcard stands for one label."""
    try:
        address = ipaddress.ip_address(wanted)
    except ValueError:
        first, _dot, rest = wanted.lower().partition(".")
        return any(name.lower() in (wanted.lower(), "*." + rest if first and rest else None) for name in names)
    for name in names:
        try:
            if ipaddress.ip_address(name) == address:
                return True
        except ValueError:
            continue
    return False
