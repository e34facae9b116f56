# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain words for what can be reached from other machines without anybody proving who they are."""

from __future__ import annotations

import ipaddress
import typing as t


def is_loopback(address: str) -> bool:
    """Tell whether only this host reaches what listens on ``address`` (IP address or name)."""
    bare = address.strip("[]")
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def _where(address: str) -> str:
    try:
        everywhere = ipaddress.ip_address(address.strip("[]")).is_unspecified
    except ValueError:
        everywhere = False
    return "all addresses of the host" if everywhere else address


def _everybody(networks: t.Iterable[str]) -> list[str]:
    """Return the networks that hold every address there is."""
    wide = []
    for network in networks:
        try:
            if ipaddress.ip_network(network, strict=False).prefixlen == 0:
                wide.append(str(network))
        except ValueError:
            continue  # the role's own check names what is no network
    return wide


def exposure_warnings(exposure: t.Mapping[str, t.Any]) -> list[str]:
    """Return one warning for each door of a host that is open beyond loopback without authentication.

    Every key of ``exposure`` is optional; leave out what the host does not run.

    * ``server``: ``address`` (bind address of the frontend), ``authorization`` (bool: an authorizer is configured),
      ``mutual_tls`` (bool: clients must show a certificate).
    * ``proxy``: as ``server``, of what hands connections on to the frontends.
    * ``ui``: ``address``, ``authentication`` (bool: login is configured), ``read_only`` (bool: writes are off).
    * ``worker``: ``address``, ``token`` (bool: changing routes want one), ``allowed`` (list of addresses and CIDRs).
    * ``worker_registration``: ``address`` and ``allowed`` of the route that registers definitions, which never wants a
      token; without it those of ``worker``.
    * ``worker_metrics`` and ``server_metrics``: ``address``.
    * ``database``: ``addresses`` (listen addresses), ``clients`` (list of addresses and CIDRs that may log in).
    """
    warnings = [
        *_server(exposure.get("server")),
        *_proxy(exposure.get("proxy")),
        *_ui(exposure.get("ui")),
        *_worker(exposure.get("worker"), exposure.get("worker_registration")),
    ]
    for key, name in (("server_metrics", "Temporal Server"), ("worker_metrics", "the worker")):
        metrics = exposure.get(key)
        if metrics and not is_loopback(metrics["address"]):
            warnings.append(
                "The metrics of %s can be read without authentication on %s. They name queues and workflow types. "
                "Bind them to 127.0.0.1, or let a firewall admit your monitoring only."
                % (name, _where(metrics["address"]))
            )
    warnings += _database(exposure.get("database"))
    return warnings


def _is_open(door: t.Mapping[str, t.Any]) -> bool:
    return not (is_loopback(door["address"]) or door.get("authorization") or door.get("mutual_tls"))


def _proxy(proxy: t.Mapping[str, t.Any] | None) -> t.Iterator[str]:
    if proxy and _is_open(proxy):
        yield (
            "HAProxy listens on %s and hands every connection to a frontend, which asks for no authentication. Let a "
            "firewall admit your workers, user interfaces and orchestrators only, or configure TLS with client "
            "certificates or an authorizer on the servers." % _where(proxy["address"])
        )


def _server(server: t.Mapping[str, t.Any] | None) -> t.Iterator[str]:
    if not server or not _is_open(server):
        return
    yield (
        "Temporal Server listens on %s without authentication: whoever reaches its frontend (gRPC and HTTP) may read, "
        "start, change and end every workflow. Let a firewall admit your workers and orchestrators only, or configure "
        "TLS with client certificates or an authorizer." % _where(server["address"])
    )


def _ui(ui: t.Mapping[str, t.Any] | None) -> t.Iterator[str]:
    if not ui or is_loopback(ui["address"]) or ui.get("authentication"):
        return
    may = "see every workflow with its inputs and results"
    if not ui.get("read_only"):
        may += ", and end, signal and start workflows"
    yield (
        "Temporal UI listens on %s without a login: whoever reaches it may %s. Bind it to 127.0.0.1 and use an SSH "
        "tunnel or a proxy with a login, or configure its login%s."
        % (_where(ui["address"]), may, "" if ui.get("read_only") else ", or at least switch its writes off")
    )


def _worker(worker: t.Mapping[str, t.Any] | None, registration: t.Mapping[str, t.Any] | None = None) -> t.Iterator[str]:
    if not worker:
        return
    registration = registration or worker
    token = bool(worker.get("token"))
    if all(worker[key] == registration[key] for key in ("address", "allowed")):
        yield from _worker_door("The worker's API", worker, token, "list, register and delete", True)
    else:
        yield from _worker_door("The worker's API", worker, token, "list and delete", False)
        yield from _worker_door("The worker's registration", registration, token, "register", True)


def _worker_door(name: str, door: t.Mapping[str, t.Any], token: bool, may: str, registers: bool) -> t.Iterator[str]:
    if is_loopback(door["address"]):
        return
    wide = _everybody(door["allowed"])
    others = [str(network) for network in door["allowed"] if not _is_local(network)]
    if wide and registers:
        yield (
            "%s listens on %s and admits every address (%s): whoever reaches it may register workflow definitions, "
            "and these run commands. Name only your orchestrators and the machines of your operators."
            % (name, _where(door["address"]), ", ".join(wide))
        )
    elif wide:
        yield (
            "%s listens on %s and admits every address (%s): whoever reaches it may %s workflow definitions. Name only "
            "the machines of your operators."
            % (name, _where(door["address"]), ", ".join(wide), "list" if token else may)
        )
    elif others and not token:
        yield (
            "%s on %s is guarded by address alone: %s may %s workflow definitions without further proof. "
            "Keep that list short%s."
            % (
                name,
                _where(door["address"]),
                ", ".join(others),
                may,
                "; a token guards the deletions" if "delete" in may else "",
            )
        )


def _is_local(network: str) -> bool:
    try:
        return ipaddress.ip_network(network, strict=False).is_loopback
    except ValueError:
        return False


def _database(database: t.Mapping[str, t.Any] | None) -> t.Iterator[str]:
    if not database or all(is_loopback(address) for address in database["addresses"]):
        return
    wide = _everybody(database["clients"])
    if wide:
        yield (
            "PostgreSQL admits logins from every address (%s): only the passwords are left between the network and "
            "all workflow data. Name only the hosts that need it." % ", ".join(wide)
        )
