# SPDX-License-Identifier: Apache-2.0
"""Start, failure to start, and secrets of the process."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from loopback_stack import Database
from loopback_stack.processes import free_ports

from aegis_temporal_worker import __version__

if TYPE_CHECKING:
    from conftest import Standin, StartWorker

StartRun = Callable[..., Awaitable[Any]]
TOKEN = "api-t0ken-c4n4ry"
CLIENT_SECRET = "keycl0ak-c4n4ry"


async def test_health_tells_the_whole_truth(start_worker: StartWorker, task_queue: str) -> None:
    """Contract 3.3."""
    worker = start_worker(WORKER_IDENTITY="host-a:3000")
    async with aiohttp.ClientSession() as session, session.get(f"{worker.url}/health") as answer:
        text = await answer.text()
    assert text.startswith('{"status":"healthy","temporal":"connected","database":"connected"')
    body = json.loads(text)
    assert (body["worker"], body["task_queue"], body["identity"]) == ("running", task_queue, "host-a:3000")
    assert body["version"] == __version__


async def test_without_temporal_it_reports_and_registers(
    start_worker: StartWorker, make_definition: Callable[..., dict[str, Any]]
) -> None:
    """Contract 1.2: HTTP comes before Temporal."""
    worker = start_worker(
        healthy=False, TEMPORAL_ADDRESS=f"127.0.0.1:{free_ports(1)[0]}", WORKER_IDENTITY="host-a:3000"
    )
    worker.process.wait_until(lambda: _listens(worker.url), "the API")
    status, body = await worker.health()
    assert (status, body["status"], body["temporal"], body["database"], body["worker"]) == (
        503,
        "unhealthy",
        "disconnected",
        "connected",
        "starting",
    )
    await worker.register(make_definition())
    worker.process.send(signal.SIGTERM)
    assert worker.process.wait() == 0
    lines = [json.loads(line) for line in worker.process.log.read_text().splitlines()]
    assert {line["identity"] for line in lines} == {"host-a:3000"}
    # The SDK's own lines are among them.
    assert any("temporal" in line["logger"] for line in lines if line["level"] == "warning")


async def test_definitions_are_there_after_a_restart(
    start_worker: StartWorker, make_definition: Callable[..., dict[str, Any]]
) -> None:
    """Contract 1.2: the start loads them all."""
    worker = start_worker()
    await worker.register(make_definition())
    worker.process.send(signal.SIGTERM)
    assert worker.process.wait() == 0
    assert (await start_worker().health())[1]["workflows_loaded"] == 1


def test_a_wrong_database_password_ends_with_1(start_worker: StartWorker, database: Database, tmp_path: Path) -> None:
    """Contract 1.4: fatal errors are logged, and the exit code is 1."""
    passfile = tmp_path / "wrong"
    passfile.touch(mode=0o600)
    passfile.write_text("*:*:*:*:wr0ng-c4n4ry\n")
    worker = start_worker(healthy=False, PGPASSFILE=str(passfile))
    assert worker.process.wait() == 1
    log = worker.process.log.read_text()
    last = json.loads(log.splitlines()[-1])
    assert last["level"] == "critical"
    assert f'password authentication failed for user "{database.user}"' in last["message"]
    assert "wr0ng-c4n4ry" not in log


def test_a_port_that_is_taken_ends_with_1(start_worker: StartWorker) -> None:
    """Contract 1.4: fatal errors are logged, and the exit code is 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        worker = start_worker(healthy=False, PORT=str(port))
        assert worker.process.wait() == 1
    last = json.loads(worker.process.log.read_text().splitlines()[-1])
    assert str(port) in last["message"]
    assert "address already in use" in last["message"]


def test_bad_settings_end_with_1_and_are_all_named(start_worker: StartWorker) -> None:
    """Contract 1.1."""
    worker = start_worker(healthy=False, DATABASE_URL=None, LOG_LEVEL="loud")
    assert worker.process.wait() == 1
    log = worker.process.log.read_text()
    assert "DATABASE_URL is not set" in log
    assert "LOG_LEVEL is 'loud'" in log


async def test_no_secret_is_seen_anywhere(
    start_worker: StartWorker,
    standin: Standin,
    start_run: StartRun,
    echo: dict[str, Any],
    database: Database,
    tmp_path: Path,
) -> None:
    """Neither in the log at its most talkative, nor in what other processes of the host can see."""
    token_file = tmp_path / "token"
    token_file.write_text(TOKEN)
    secret_file = tmp_path / "keycloak"
    secret_file.write_text(CLIENT_SECRET)
    worker = start_worker(
        LOG_LEVEL="trace",
        API_TOKEN_FILE=str(token_file),
        KEYCLOAK_HOST=standin.url,
        KEYCLOAK_SYSTEM_REALM="aegis",
        KEYCLOAK_CLIENT_ID="aegis-temporal-worker",
        KEYCLOAK_CLIENT_SECRET_FILE=str(secret_file),
    )
    await worker.register(echo)
    assert (await (await start_run(echo)).result())["status"] == "completed"
    url = f"{worker.url}/workflows/{echo['workflow_id']}"
    async with worker.session.delete(url) as answer:
        assert answer.status == 401
    async with worker.session.delete(url, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        assert answer.status == 200
    process = Path(f"/proc/{worker.process.pid}")
    seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    worker.process.send(signal.SIGTERM)
    assert worker.process.wait() == 0
    seen += worker.process.log.read_bytes()
    assert b"registered definition" in seen
    for secret in (database.password, TOKEN, CLIENT_SECRET):
        assert secret.encode() not in seen
    # The service account was really used.
    assert {entry["authorised"] for entry in await standin.ledger()} == {True}


async def test_a_password_in_the_url_is_not_logged_either(start_worker: StartWorker, database: Database) -> None:
    worker = start_worker(DATABASE_URL=database.dsn, PGPASSFILE=None, LOG_LEVEL="trace")
    cmdline = Path(f"/proc/{worker.process.pid}/cmdline").read_bytes()
    worker.process.send(signal.SIGTERM)
    assert worker.process.wait() == 0
    assert database.password.encode() not in cmdline + worker.process.log.read_bytes()


def _listens(url: str) -> bool:
    host, _, port = url.rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=5):
        return True
