# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.service_health against every service of a real server, and against what can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from loopback_stack import TemporalStack, find_health_probe
from loopback_stack.processes import free_ports
from module_testing import (
    Certificates,
    Outcome,
    RecordingProxy,
    health_server,
    http_answer,
    misbehaving,
    run_module,
)

# Both ways to ask; the second needs no Python library on the host.
both_clients = pytest.mark.parametrize("client", ["library", "probe"])


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """One pair for all tests of TLS."""
    return Certificates(tmp_path_factory.mktemp("tls"))


def ask(client: str, *targets: tuple[str, str], **options: Any) -> Outcome:
    """Ask the targets, each a service and its address."""
    how = {"probe": str(find_health_probe())} if client == "probe" else {}
    entries = [{"service": service, "address": address} for service, address in targets]
    check = options.pop("check", False)
    return run_module(
        "service_health", {"targets": entries, "timeout": 3, "wait": False, **how, **options}, check=check
    )


def states(outcome: Outcome) -> list[str]:
    """The state of each service."""
    return [entry["state"] for entry in outcome["services"]]


def has_worker_health(stack: TemporalStack) -> bool:
    return tuple(int(part) for part in stack.version.split(".")[:2]) >= (1, 31)


@both_clients
def test_every_service_of_a_server(temporal_stack: TemporalStack, frontend: RecordingProxy, client: str) -> None:
    """The frontend tells the version over HTTP, so a worker without health is known for what it is."""
    services = ("frontend", "history", "matching", "worker")
    targets: list[dict[str, str]] = [
        {"service": service, "address": temporal_stack.server.grpc_address(service)} for service in services
    ]
    targets[0]["http_url"] = frontend.url
    outcome = ask(client, targets=targets, wait=True, wait_timeout=20)
    assert not outcome.failed, outcome.message
    assert outcome["healthy"] is True
    worker = "serving" if has_worker_health(temporal_stack) else "unsupported"
    assert states(outcome) == ["serving", "serving", "serving", worker]
    assert ("answers no health checks" in outcome.warnings) is not has_worker_health(temporal_stack)
    assert (outcome.changed, frontend.writes) == (False, [])


def test_without_targets_it_is_the_frontend_of_the_connection(
    temporal_stack: TemporalStack, frontend: RecordingProxy
) -> None:
    options = {"http_url": frontend.url, "address": temporal_stack.address}
    outcome = run_module("service_health", options)
    assert [(entry["service"], entry["state"]) for entry in outcome["services"]] == [("frontend", "serving")]
    assert [path for _method, path in frontend.requests] == ["/api/v1/system-info"]


@both_clients
def test_what_is_wrong_is_told_apart(temporal_stack: TemporalStack, client: str) -> None:
    [port] = free_ports(1)
    with (
        health_server("NOT_SERVING") as draining,
        health_server(None) as closing,
        misbehaving(http_answer("400 Bad Request", b"")) as web,
        misbehaving(b"") as silent,
        misbehaving(None) as stuck,
    ):
        wrong = {
            draining.address: ("history", "not_serving"),
            temporal_stack.address: ("history", "unknown_service"),
            closing.address: ("history", "error"),
            f"127.0.0.1:{port}": ("history", "refused"),
            "temporal.invalid:7234": ("history", "unresolved"),
            f"127.0.0.1:{web.port}": ("history", "not_grpc"),
            f"127.0.0.1:{silent.port}": ("history", "cut"),
            f"127.0.0.1:{stuck.port}": ("history", "timeout"),
        }
        outcome = ask(client, *((service, address) for address, (service, _state) in wrong.items()))
    assert outcome.failed
    assert states(outcome) == [state for _service, state in wrong.values()]
    assert f"8 of 8 services are not healthy. history at {draining.address} is not_serving" in outcome.message
    assert outcome["healthy"] is False


@both_clients
def test_waits_until_a_service_serves(client: str) -> None:
    with health_server("NOT_SERVING", then="SERVING") as server:
        outcome = ask(client, ("matching", server.address), wait=True, wait_timeout=120, wait_interval=0.1)
    assert not outcome.failed, outcome.message
    assert (states(outcome), server.checks) == (["serving"], 3)


@both_clients
def test_a_deadline_ends_the_waiting(client: str) -> None:
    with health_server("NOT_SERVING") as server:
        outcome = ask(client, ("matching", server.address), wait=True, wait_timeout=5, wait_interval=0.1)
    assert states(outcome) == ["not_serving"]
    assert server.checks > 1


def test_check_mode_looks_once_and_warns() -> None:
    with health_server("NOT_SERVING") as server:
        outcome = ask("probe", ("history", server.address), check=True, wait=True, wait_timeout=86400)
        assert server.checks == 1
    assert (outcome.failed, outcome.changed, outcome["healthy"]) == (False, False, False)
    assert "Not every service would be healthy" in outcome.warnings


@both_clients
@pytest.mark.parametrize(
    ("trusted", "server_name", "state", "message"),
    [
        (True, "frontend.test", "serving", ""),
        (True, None, "tls", "certificate is for another name"),
        (False, "frontend.test", "tls", "not signed by a trusted authority"),
    ],
)
def test_the_servers_certificate(
    certificates: Certificates, client: str, trusted: bool, server_name: str | None, state: str, message: str
) -> None:
    ca_path = str(certificates.certificate) if trusted else None
    with health_server("SERVING", certificates) as server:
        outcome = ask(client, ("frontend", server.address), tls=True, ca_path=ca_path, tls_server_name=server_name)
    assert states(outcome) == [state]
    assert message in outcome["services"][0]["message"]


@both_clients
def test_a_client_certificate(certificates: Certificates, client: str) -> None:
    options = {"tls": True, "ca_path": str(certificates.certificate), "tls_server_name": "frontend.test"}
    pair = {"client_cert": str(certificates.certificate), "client_key": str(certificates.key)}
    with health_server("SERVING", certificates, ask_for_client=True) as server:
        assert states(ask(client, ("frontend", server.address), **options, **pair)) == ["serving"]
        without = ask(client, ("frontend", server.address), **options)
    assert states(without) == ["tls"]
    assert "client certificate" in without.message


def test_tls_against_a_plain_server_and_plain_against_tls(
    temporal_stack: TemporalStack, certificates: Certificates
) -> None:
    assert states(ask("probe", ("frontend", temporal_stack.address), tls=True)) == ["tls"]
    with health_server("SERVING", certificates) as server:
        outcome = ask("probe", ("frontend", server.address))
    assert states(outcome) == ["tls"]
    assert "the server wants TLS there" in outcome.message


def test_any_certificate_when_told_so(certificates: Certificates) -> None:
    with health_server("SERVING", certificates) as server:
        options = {"tls": True, "tls_disable_host_verification": True}
        assert states(ask("probe", ("frontend", server.address), **options)) == ["serving"]
        refused = ask("library", ("frontend", server.address), **options)
    assert "checks certificates always" in refused.message


def test_a_frontend_without_its_http_api(temporal_stack: TemporalStack) -> None:
    [port] = free_ports(1)
    target = {"service": "frontend", "address": temporal_stack.address, "http_url": f"http://127.0.0.1:{port}"}
    outcome = ask("probe", targets=[target])
    assert states(outcome) == ["http"]
    assert "it is serving, but its HTTP API is not: Nothing listens" in outcome.message


def test_a_membership_port_is_not_taken_for_a_service(temporal_stack: TemporalStack) -> None:
    outcome = ask("probe", ("history", temporal_stack.server.membership_address("history")))
    assert outcome.failed
    assert "Is it the membership port?" in outcome.message


def test_an_old_servers_worker_cannot_be_asked_alone() -> None:
    outcome = ask("probe", ("worker", "127.0.0.1:9"), server_version="1.24.2")
    assert outcome.failed
    assert "Nothing else is among targets, so nothing was asked" in outcome.message
    assert "Before server 1.31 this service has no gRPC port" in ask("probe", ("worker", "127.0.0.1:9")).message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": []}, "targets is empty"),
        ({"targets": [{"service": "frontend"}]}, "missing required arguments: address"),
        ({"targets": [{"service": "ui", "address": "a"}]}, "value of service must be one of"),
        ({"targets": [{"service": "history", "address": "http://a"}]}, "address of history is 'http://a'"),
        ({"targets": [{"service": "history", "address": "a:0"}]}, "Write it like host:7234"),
        ({"targets": [{"service": "history", "address": "a", "http_url": "http://a"}]}, "only frontends have"),
        ({"targets": [{"service": "frontend", "address": "a", "http_url": "a"}]}, "not a base URL"),
        ({"targets": [{"service": "frontend", "address": "a", "http_url": "https://a"}]}, "does not fit tls=false"),
        (
            {"targets": [{"service": "frontend", "address": "a"}, {"service": "frontend", "address": "a:7233"}]},
            "lists frontend at a:7233 more than once",
        ),
        ({"server_version": "newest"}, "server_version is 'newest'"),
        ({"probe": "/nosuch/probe"}, "probe is '/nosuch/probe'"),
        ({"wait_timeout": -1}, "wait_timeout is -1"),
        ({"timeout": 0}, "timeout is 0"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    outcome = run_module("service_health", options)
    assert outcome.failed
    assert message in outcome.message
    assert "services" not in outcome.result


def test_the_probe_needs_no_library(temporal_stack: TemporalStack, tmp_path: Path) -> None:
    """On the servers' hosts neither temporalio nor requests is there."""
    for library in ("temporalio", "requests"):
        (tmp_path / library).mkdir()
        (tmp_path / library / "__init__.py").write_text("raise ImportError('not on this host')")
    outcome = run_module(
        "service_health",
        {
            "targets": [{"service": "frontend", "address": temporal_stack.address}],
            "probe": str(find_health_probe()),
            "wait": False,
        },
        environment={"PYTHONPATH": f"{tmp_path}:{Path(__file__).resolve().parents[2] / '.collections'}"},
    )
    assert states(outcome) == ["serving"]
