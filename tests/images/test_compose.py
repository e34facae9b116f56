# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment as a Compose project: exported from an inventory, started with Debian 13's Compose, used and changed."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import uuid
from pathlib import Path

import pytest
import requests
import temporalio.client
from container_testing import REPOSITORY, changed, docker, inspect, playbook, run, wait_for

TIMEOUT = 10
LONG_RUNNING = {"postgresql", "temporal", "temporal-ui", "aegis-temporal-worker"}
TASKS = {"postgresql-objects", "temporal-schema", "temporal-namespaces"}
# With what shells, SQL and Compose would trip over.
PASSWORD = "test-only pass'word$x"


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    """Two hosts that nobody contacts."""
    path = tmp_path_factory.mktemp("inventory") / "hosts.yml"
    hosts = {group: {"hosts": {"one.example": {}}} for group in ("postgres", "temporal", "temporal_ui")}
    hosts["temporal_worker"] = {"hosts": {"two.example": {}}}
    path.write_text(json.dumps({"all": {"children": hosts}}))
    return path


@pytest.fixture(scope="module")
def project(made, inventory, unique, tmp_path_factory):
    """Where the project goes, and what exports it."""
    directory = tmp_path_factory.mktemp("compose") / "project"
    variables = {
        "compose_directory": str(directory),
        "compose_project": unique,
        "compose_subnet": "172.31.148.0/24",
        "compose_temporal_port": 27233,
        "compose_temporal_http_port": 27243,
        "compose_ui_port": 28233,
        "compose_worker_ports": "23000-23009",
        **{f"compose_{name}_image": image for name, image in made.items()},
        "temporal_database_password": PASSWORD,
        "temporal_worker_orchestrator_url": "http://standin:8080",
        "temporal_worker_runtime_grpc_url": "standin:50051",
        "temporal_namespaces": [
            {"name": "default", "retention": "30d"},
            {"name": "second", "search_attributes": [{"name": "Tenant", "type": "Keyword"}]},
        ],
    }

    def export(*options, **more):
        return playbook("compose", "--inventory", inventory, *options, variables={**variables, **more})

    return directory, export


@pytest.fixture(scope="module")
def exported(project):
    directory, export = project
    assert "failed=0" in export("--check")
    assert not directory.exists()
    export()
    return project


@pytest.fixture(scope="module")
def compose(exported, made, unique):
    """Debian 13's Compose, on this machine's engine."""
    directory, _export = exported
    name = f"{unique}-compose"
    build = {**os.environ, "DOCKER_BUILDKIT": "0"}
    dockerfile = Path(__file__).parent / "compose"
    for base in ("aegis-temporal-base:trixie", "debian:trixie-slim"):
        if run("docker", "image", "inspect", base, check=False).returncode == 0:
            run("docker", "build", "--build-arg", f"BASE={base}", "--tag", name, dockerfile, env=build)
            break
    else:
        pytest.fail("No base image of Debian 13: run SUITES=trixie tools/bootstrap.sh images first.")
    # The worker needs an orchestrator that runs commands; only a test has a stand-in.
    standin = {
        "image": made["worker"],
        "command": ["aegis-standin", "--grpc-host=0.0.0.0", "--http-host=0.0.0.0"],
        "user": "12345:12345",
        "healthcheck": {"disable": True},
    }
    (directory / "compose.override.yaml").write_text(json.dumps({"services": {"standin": standin}}))

    def run_compose(*arguments, **more):
        volumes = ["--volume=/var/run/docker.sock:/var/run/docker.sock", f"--volume={directory}:{directory}"]
        return docker(
            *("run", "--rm", *volumes, f"--workdir={directory}", name, "docker", "compose", *arguments), **more
        )

    yield run_compose
    run_compose("down", "--volumes", "--timeout=20")
    docker("rmi", name)
    assert docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={unique}") == ""


@pytest.fixture(scope="module")
def started(compose):
    compose("up", "--detach", "--scale", "aegis-temporal-worker=2")
    wait_for(lambda: all(state == "healthy" for state in _health(compose).values()), 120)
    return compose


def _containers(compose):
    return [inspect(number) for number in compose("ps", "--all", "--quiet").split()]


def _service(container):
    return container["Config"]["Labels"]["com.docker.compose.service"]


def _health(compose):
    return {
        item["Name"]: item["State"]["Health"]["Status"]
        for item in _containers(compose)
        if _service(item) in LONG_RUNNING
    }


def _json(path):
    answer = requests.get(f"http://127.0.0.1:27243/api/v1/{path}", timeout=TIMEOUT)
    answer.raise_for_status()
    return answer.json()


def test_a_second_export_changes_nothing(exported):
    _directory, export = exported
    assert changed(export()) == 0
    assert changed(export("--check")) == 0


def test_secrets_are_files_that_only_their_reader_can_read(exported):
    directory, _export = exported
    owner = os.getuid() or 10001
    assert stat.S_IMODE((directory / "secrets").stat().st_mode) == 0o700
    for path in (directory / "secrets").iterdir():
        assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) == (0o600, owner), path
    passwords = [PASSWORD, (directory / "secrets/postgres-password").read_text()]
    for path in directory.rglob("*"):
        if path.is_file() and path.parent.name != "secrets":
            assert not any(password in path.read_text() for password in passwords), path


def test_compose_accepts_it(compose):
    compose("config", "--quiet")
    assert set(compose("config", "--services").split()) == LONG_RUNNING | TASKS | {"standin"}


def test_everything_starts_and_the_tasks_end_well(started):
    states = {_service(item): item["State"] for item in _containers(started)}
    assert {name: states[name]["ExitCode"] for name in TASKS} == dict.fromkeys(TASKS, 0)
    assert all(states[name]["Running"] for name in LONG_RUNNING)
    assert requests.get("http://127.0.0.1:28233/healthz", timeout=TIMEOUT).json() == {"status": "OK"}


def test_no_container_has_rights_or_shows_a_secret(exported, started):
    directory, _export = exported
    passwords = [PASSWORD, (directory / "secrets/postgres-password").read_text()]
    seen = set()
    for item in _containers(started):
        if _service(item) == "standin":
            continue
        seen.add(_service(item))
        host = item["HostConfig"]
        assert not item["Config"]["User"].startswith("0")
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["CapAdd"]) == (True, ["ALL"], None)
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["LogConfig"]["Config"] == {"max-file": "5", "max-size": "10m"}
        assert not any(password in json.dumps(item) for password in passwords)
        assert not any(password in docker("logs", item["Id"]) for password in passwords)
    assert seen == LONG_RUNNING | TASKS


def test_namespaces_are_as_the_inventory_says(started):
    assert _json("namespaces/default")["config"]["workflowExecutionRetentionTtl"] == "2592000s"
    assert _json("namespaces/second")["config"]["workflowExecutionRetentionTtl"] == "259200s"
    keys = requests.get("http://127.0.0.1:27243/api/v1/namespaces/second/search-attributes", timeout=TIMEOUT).json()[
        "customAttributes"
    ]
    assert keys["Tenant"] == "INDEXED_VALUE_TYPE_KEYWORD"


def test_two_pollers_have_two_names(started):
    def pollers():
        return {item["identity"] for item in _json("namespaces/default/task-queues/aegis-agents").get("pollers", [])}

    wait_for(lambda: len(pollers()) == 2)
    healths = [requests.get(f"{_worker(started, index)}/health", timeout=TIMEOUT).json() for index in (1, 2)]
    assert {health["identity"] for health in healths} == pollers()


def _worker(compose, index=1):
    """Return a worker's URL: which port of the range it has is the engine's choice."""
    return "http://" + compose("port", "--index", index, "aegis-temporal-worker", "3000")


def _echo(compose):
    definition = json.loads((REPOSITORY / "roles/verify/files/echo.json").read_text(encoding="utf-8"))
    definition |= {"workflow_id": str(uuid.uuid4()), "name": f"compose-echo-{uuid.uuid4().hex[:8]}"}
    answer = requests.post(f"{_worker(compose)}/register-workflow", json=definition, timeout=TIMEOUT)
    assert answer.status_code == requests.codes.ok, answer.text
    start = {
        "workflow_id": definition["workflow_id"],
        "input": {},
        "blackboard": None,
        "security_context_name": None,
        "tenant_id": definition["tenant_id"],
    }
    execution = str(uuid.uuid4())

    async def execute():
        client = await temporalio.client.Client.connect("127.0.0.1:27233")
        running = client.execute_workflow("aegis_workflow", start, id=execution, task_queue="aegis-agents")
        return await asyncio.wait_for(running, 120)

    return execution, asyncio.run(execute())


def test_a_workflow_completes_and_is_kept_when_a_setting_changes(exported, started, unique):
    _directory, export = exported
    execution, result = _echo(started)
    assert (result["status"], result["final_output"]) == ("completed", {"message": "Hello from aegis.temporal"})

    def numbers():
        return {item["Name"]: item["Id"] for item in _containers(started) if _service(item) in LONG_RUNNING}

    before = numbers()
    scaled = ("up", "--detach", "--scale", "aegis-temporal-worker=2")
    started(*scaled)
    assert numbers() == before
    assert changed(export(temporal_log_level="warn", temporal_database_password="another-test-only-password")) > 0
    started(*scaled)
    wait_for(lambda: all(state == "healthy" for state in _health(started).values()), 120)
    after = numbers()
    renewed = {name for name in after if after[name] != before.get(name)}
    # The database takes the new password without a restart, from the task that makes its logins. What depends on a
    # container that is made anew is made anew, too: Compose does so.
    assert f"/{unique}-temporal-1" in renewed
    assert f"/{unique}-postgresql-1" not in renewed
    assert _json(f"namespaces/default/workflows/{execution}")["workflowExecutionInfo"]["status"].endswith("COMPLETED")
    assert _echo(started)[1]["status"] == "completed"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"compose_worker_ports": "3009-3000"}, "compose_worker_ports is '3009-3000'"),
        ({"postgres_mode": "managed"}, "postgres_mode is 'managed'"),
        ({"temporal_namespaces": [{"name": "old", "state": "absent"}]}, "temporal_namespaces has old"),
        ({"temporal_dynamic_config": {"frontend.rpss": 1}}, "Do you mean frontend.rps?"),
        ({"temporal_worker_task_queue": ""}, "temporal_worker_task_queue"),
    ],
)
def test_what_cannot_be_exported_is_refused_before_anything_is_written(inventory, tmp_path, wrong, named):
    directory = tmp_path / "project"
    variables = {"compose_directory": str(directory), **wrong}
    output = playbook("compose", "--inventory", inventory, variables=variables, check=False)
    assert "failed=1" in output
    assert named in " ".join(output.replace("''", "'").split())
    assert not directory.exists()
