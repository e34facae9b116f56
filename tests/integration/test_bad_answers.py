# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frontends that refuse, stutter or are something else: each ends in one sentence that names the cause and the fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from loopback_stack import TemporalStack
from loopback_stack.processes import free_ports
from module_testing import Certificates, Outcome, http_answer, misbehaving, run_module

MODULES: dict[str, dict[str, Any]] = {
    "namespace": {"name": "some", "retention": "1d"},
    "nexus_endpoint": {"name": "some", "target": {"external": {"url": "http://127.0.0.1"}}},
    "pollers": {"task_queue": "some", "wait": False},
    "schedule": {"schedule_id": "some", "action": {"task_queue": "some", "workflow_type": "echo"}},
    "task_queue_config": {"task_queue": "some", "queue_rate_limit": 1},
    "cluster_info": {},
    "namespace_info": {},
    "search_attribute": {"search_attributes": [{"name": "Some", "type": "Keyword"}]},
    "search_attribute_info": {},
    "workflow_info": {"workflow_id": "some"},
    "workflow_run": {"task_queue": "some", "workflow_type": "echo"},
    "workflow_signal": {"workflow_id": "some", "signal_name": "finish"},
    "workflow_terminate": {"workflow_id": "some"},
}
CHANGING = (
    "namespace",
    "nexus_endpoint",
    "schedule",
    "search_attribute",
    "task_queue_config",
    "workflow_run",
    "workflow_signal",
)
all_modules = pytest.mark.parametrize("name", MODULES)
# All share one client, so these few stand for the others.
some_modules = pytest.mark.parametrize("name", ["namespace", "pollers", "workflow_run"])


def run(name: str, url: str, **options: Any) -> Outcome:
    return run_module(name, {"http_url": url, "retries": 0, "timeout": 2, **MODULES.get(name, {}), **options})


def refusal(code: int, message: str) -> bytes:
    return json.dumps({"code": code, "message": message}).encode()


@some_modules
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (http_answer("403 Forbidden", refusal(7, "Request unauthorized.")), "lacks the right"),
        (http_answer("403 Forbidden", b"host not allowed", "text/plain"), "frontend.httpAllowedHosts"),
        (http_answer("401 Unauthorized", refusal(16, "no token")), "set api_key (TEMPORAL_API_KEY)"),
        (http_answer("500 Internal Server Error", refusal(13, "disk full")), "answered 500: disk full"),
        (http_answer("503 Service Unavailable", b"", "text/plain"), "answered 503: an empty body"),
        (http_answer("302 Found", b"login"), "does not redirect"),
        (http_answer("404 Not Found", b"<html>", "text/html"), "does http_url name the frontend's HTTP port"),
        (http_answer("200 OK", b"<html>Welcome</html>", "text/html"), "not with a JSON object: '<html>Welcome"),
        (http_answer("200 OK", b'{"namespaceInfo": '), "not with a JSON object"),
        (http_answer("200 OK", b"[]"), "not with a JSON object"),
        (http_answer("200 OK", b"\xff\xfe"), "not with a JSON object"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", "ended before it was complete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "ended before it was complete"),
        (b"", "not its gRPC port"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP/1"),
        (None, "The option timeout is the limit in seconds"),
    ],
)
def test_wrong_answers(name: str, answer: bytes | None, message: str) -> None:
    with misbehaving(answer) as server:
        outcome = run(name, server.url)
    assert outcome.failed
    assert message in outcome.message
    assert outcome["elapsed"] >= 0


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("namespace", {}),
        ("namespace", {"namespaceInfo": 1}),
        ("namespace", {"namespaceInfo": {"name": "some"}, "config": {"workflowExecutionRetentionTtl": "long"}}),
        ("nexus_endpoint", {"endpoints": 1}),
        ("nexus_endpoint", {"endpoints": [{"id": "1", "version": "1", "spec": {"name": "some", "target": {}}}]}),
        ("pollers", {"pollers": 2}),
        ("pollers", {"pollers": ["me"]}),
        ("schedule", {}),
        ("schedule", {"schedule": {"action": {"startWorkflow": []}}, "conflictToken": ""}),
        ("schedule_info", {"schedules": [{}]}),
        ("task_queue_config", {"config": {"queueRateLimit": {"rateLimit": 1}}}),
        ("cluster_info", {}),
        ("cluster_info", {"clusterName": "a", "clusterId": "b", "serverVersion": "c", "historyShardCount": "many"}),
        ("namespace_info", {"namespaces": 1}),
        ("namespace_info", {"namespaces": [{"namespaceInfo": {}}]}),
        ("search_attribute", {"customAttributes": "none"}),
        ("search_attribute_info", {"systemAttributes": ["StartTime"]}),
        ("workflow_run", {}),
        ("workflow_run", {"workflowExecutionInfo": {"execution": None}}),
        ("workflow_info", {"workflowExecutionInfo": {"execution": {}}}),
        ("workflow_signal", {"workflowExecutionInfo": []}),
        ("workflow_terminate", {"workflowExecutionInfo": "some"}),
    ],
)
def test_an_answer_of_another_shape(name: str, answer: dict[str, Any]) -> None:
    more = {"workflow_id": "some"} if name == "workflow_run" else {}
    with misbehaving(http_answer("200 OK", json.dumps(answer).encode())) as server:
        outcome = run(name, server.url, **more)
    assert outcome.failed
    assert "is not as expected" in outcome.message


@all_modules
def test_nothing_listens(name: str) -> None:
    [port] = free_ports(1)
    outcome = run(name, f"http://127.0.0.1:{port}")
    assert "the connection was refused" in outcome.message
    assert "services.frontend.rpc.httpPort" in outcome.message


@all_modules
def test_nothing_listens_yet_in_check_mode(name: str) -> None:
    [port] = free_ports(1)
    options = {"http_url": f"http://127.0.0.1:{port}", "retries": 0, **MODULES[name]}
    outcome = run_module(name, options, check=True)
    assert not outcome.failed
    assert outcome.changed is (name in CHANGING)


@some_modules
def test_the_name_of_the_host_is_unknown(name: str) -> None:
    assert "cannot be resolved" in run(name, "http://frontend.invalid:7243").message


@some_modules
def test_the_grpc_port_is_no_http_port(temporal_stack: TemporalStack, name: str) -> None:
    outcome = run(name, f"http://{temporal_stack.address}")
    assert outcome.failed
    assert "not its gRPC port (usually 7233)" in outcome.message


@some_modules
def test_tls_against_a_plain_server(temporal_stack: TemporalStack, name: str) -> None:
    outcome = run(name, temporal_stack.http_url.replace("http://", "https://"))
    assert "the server speaks plain HTTP there" in outcome.message
    assert "tls" in outcome.message


@pytest.mark.parametrize(
    ("status", "asked"), [("503 Unavailable", 3), ("500 Internal Server Error", 3), ("429 Too Many Requests", 3)]
)
def test_what_may_pass_is_asked_again(status: str, asked: int) -> None:
    with misbehaving(http_answer(status, refusal(14, "not yet"))) as server:
        outcome = run("namespace", server.url, retries=2)
        assert server.connections == asked
    assert "not yet" in outcome.message


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden"])
def test_a_refusal_is_not_asked_again(status: str) -> None:
    with misbehaving(http_answer(status, refusal(3, "no"))) as server:
        run("namespace", server.url, retries=5)
        assert server.connections == 1


def test_the_key_is_sent_as_bearer_token_and_shown_nowhere() -> None:
    with misbehaving(http_answer("403 Forbidden", refusal(7, "no"))) as server:
        options = {"tls": False, "http_url": server.url, **MODULES["namespace"]}
        outcome = run_module("namespace", options, environment={"TEMPORAL_API_KEY": "planted-secret"})
    assert b"Authorization: Bearer planted-secret\r\n" in server.received[0]
    assert "planted-secret" not in outcome.output


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """One pair for all tests of TLS."""
    return Certificates(tmp_path_factory.mktemp("tls"))


SAID = http_answer("409 Conflict", refusal(6, "reached"))


@pytest.mark.parametrize(
    ("trusted", "server_name", "message"),
    [
        (True, "frontend.test", "answered 409: reached"),
        (True, None, "certificate is for another name"),
        (False, "frontend.test", "not signed by a trusted authority"),
    ],
)
def test_the_servers_certificate(
    certificates: Certificates, trusted: bool, server_name: str | None, message: str
) -> None:
    ca_path = str(certificates.certificate) if trusted else None
    with misbehaving(SAID, certificates.server()) as server:
        outcome = run("namespace", server.url, ca_path=ca_path, tls_server_name=server_name)
    assert message in outcome.message


def test_any_certificate_when_told_so(certificates: Certificates) -> None:
    with misbehaving(SAID, certificates.server()) as server:
        outcome = run("namespace", server.url, tls_disable_host_verification=True)
    assert "answered 409: reached" in outcome.message


def test_a_client_certificate(certificates: Certificates) -> None:
    options = {"ca_path": str(certificates.certificate), "tls_server_name": "frontend.test"}
    pair = {"client_cert": str(certificates.certificate), "client_key": str(certificates.key)}
    with misbehaving(SAID, certificates.server(ask_for_client=True)) as server:
        assert "answered 409: reached" in run("namespace", server.url, **options, **pair).message
        without = run("namespace", server.url, **options)
    assert without.failed
    assert "client certificate" in without.message


def test_a_file_that_is_no_certificate(certificates: Certificates, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with misbehaving(SAID, certificates.server()) as server:
        assert run("namespace", server.url, ca_path=str(broken)).failed
        assert run("namespace", server.url, client_cert=str(broken), client_key=str(broken)).failed


def test_plain_http_against_a_tls_server(certificates: Certificates) -> None:
    with misbehaving(SAID, certificates.server()) as server:
        assert run("namespace", server.url.replace("https", "http")).failed
