# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container may not do, what it does not tell, and how it comes back."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playbook import REPOSITORY, playbook
from units import RESTART_DEADLINE_SECONDS, main_pid, wait_for_another

testinfra_hosts = ["ansible://temporal"]

POSTGRES = "postgresql-15-main"
UNITS = {
    POSTGRES: "postgresql@15-main.service",
    "temporal-server": "temporal-server.service",
    "temporal-ui": "temporal-ui.service",
    "aegis-temporal-worker-0": "aegis-temporal-worker@0.service",
}
USERS = {
    POSTGRES: "postgres",
    "temporal-server": "temporal",
    "temporal-ui": "temporal-ui",
    "aegis-temporal-worker-0": "aegis-worker",
}
UI = "playbooks/temporal_ui.yml"
# The UI listens on the host itself alone.
ASK = 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:8233/healthz", timeout=10).status)'
# Where a login could be left; Docker writes it down in base64.
LOGINS = "/root /tmp /opt/aegis-temporal /etc"
NAMES = pytest.mark.parametrize("name", UNITS)
# The passwords of PostgreSQL's logins are hashes in its data.
WITH_SECRETS = pytest.mark.parametrize("name", [name for name in UNITS if name != POSTGRES])


def _inspect(host: Any, name: str) -> dict[str, Any]:
    return json.loads(host.check_output(f"docker inspect {name}"))[0]


def _running(host: Any, name: str) -> dict[str, Any]:
    """Wait for a container of a unit that has just been started: active is the command that makes it."""
    deadline = time.monotonic() + RESTART_DEADLINE_SECONDS
    while True:
        found = host.run(f"docker inspect {name}")
        if found.rc == 0 and json.loads(found.stdout)[0]["State"]["Running"]:
            return json.loads(found.stdout)[0]
        assert time.monotonic() < deadline, found.stdout + found.stderr
        time.sleep(0.5)


def _image(host: Any, container: dict[str, Any]) -> dict[str, Any]:
    return json.loads(host.check_output(f"docker image inspect {container['Image']}"))[0]


def _status(host: Any, name: str) -> dict[str, str]:
    """/proc/<pid>/status of the container's first process, as the kernel has it."""
    pid = _inspect(host, name)["State"]["Pid"]
    lines = host.check_output(f"cat /proc/{pid}/status").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@NAMES
def test_it_has_no_capability_and_no_way_to_one(host, name):
    status = _status(host, name)
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[field], 16) == 0, (field, status[field])
    assert status["NoNewPrivs"] == "1"


@NAMES
def test_it_runs_as_the_user_of_the_service(host, name):
    uid = host.check_output(f"id --user {USERS[name]}")
    assert _uids(_status(host, name)) == {uid} != {"0"}


def _uids(status: dict[str, str]) -> set[str]:
    """Real, effective, saved and file system user."""
    return set(status["Uid"].split())


@NAMES
def test_it_cannot_write_into_its_root(host, name):
    found = host.run(f"docker exec {name} sh -c 'echo > /usr/local/bin/planted'")
    assert found.rc != 0
    assert "Read-only file system" in found.stderr


@NAMES
def test_the_engine_is_told_no_secret(host, name, credentials):
    told = host.check_output(f"docker inspect {name}")
    assert f'"Name": "/{name}"' in told
    for login, password in credentials.items():
        assert password not in told, f"the password of {login} is in docker inspect {name}"


@WITH_SECRETS
def test_secrets_are_files_of_its_user_alone_and_in_memory(host, name):
    directory = f"/run/{UNITS[name].removesuffix('.service')}.container"
    assert host.check_output(f"stat --format '%a %U' {directory}") == "700 root"
    secrets = host.check_output(f"ls {directory}/secrets").split()
    assert secrets
    for secret in secrets:
        path = f"{directory}/secrets/{secret}"
        assert host.check_output(f"stat --format '%a %U' {path}") == f"400 {USERS[name]}"
        assert host.check_output(f"findmnt --noheadings --output FSTYPE --target {path}") == "tmpfs"


@NAMES
def test_it_may_take_as_long_to_stop_as_its_unit(host, name):
    seconds = _inspect(host, name)["Config"]["StopTimeout"]
    limit = host.check_output(f"systemctl show --property=TimeoutStopUSec --value {UNITS[name]}")
    assert seconds >= 30
    assert limit == _span(seconds + 15)


def _span(seconds: int) -> str:
    """A time as systemd writes it."""
    sizes = {"h": seconds // 3600, "min": seconds // 60 % 60, "s": seconds % 60}
    return " ".join(f"{number}{unit}" for unit, number in sizes.items() if number)


@NAMES
def test_a_killed_container_comes_back(host, name):
    before, unit = _inspect(host, name), main_pid(host, UNITS[name])
    host.check_output(f"kill -9 {before['State']['Pid']}")
    wait_for_another(host, UNITS[name], unit)
    after = _running(host, name)
    assert after["Id"] != before["Id"]
    assert after["Image"] == before["Image"]


def test_the_engine_may_be_restarted(host):
    before = {name: main_pid(host, unit) for name, unit in UNITS.items()}
    host.check_output("systemctl restart docker.service")
    for name, unit in UNITS.items():
        wait_for_another(host, unit, before[name])
        _running(host, name)


@pytest.mark.long
def test_a_service_moves_to_systemd_and_back_and_says_so(host, deployment):
    """The other services and the data stay; a second run has nothing to do."""
    server = main_pid(host, UNITS["temporal-server"])
    there = playbook(UI, deployment.inventory, "-e", "temporal_ui_provider=systemd")
    assert there.status == 0, there.output[-4000:]
    assert "goes over to the provider systemd" in there.message
    assert host.check_output("systemctl is-active temporal-ui.service") == "active"
    assert "temporal-ui" not in host.check_output("docker ps --all --format '{{.Names}}'").split()
    assert host.check_output(f"python3 -c '{ASK}'") == "200"
    back = playbook(UI, deployment.inventory)
    assert back.status == 0, back.output[-4000:]
    assert "goes over to the provider container" in back.message
    assert _inspect(host, "temporal-ui")["State"]["Running"]
    again = playbook(UI, deployment.inventory)
    assert not any(again.changed.values()), again.changed
    assert main_pid(host, UNITS["temporal-server"]) == server


@pytest.fixture
def registry(host: Any) -> Iterator[str]:
    """Debian's docker-registry with a login, in a container on the host: its loopback address needs no certificate."""
    name = "molecule-container-registry"
    directory = REPOSITORY / "tests/images/registry"
    base = "--build-arg=BASE=aegis-temporal-base:bookworm"
    subprocess.run(["docker", "build", "--quiet", base, "--tag", name, str(directory)], check=True)
    # The hosts are containers that are called as in the inventory.
    load = ["docker", "exec", "--interactive", host.backend.host, "docker", "load"]
    try:
        with subprocess.Popen(["docker", "save", name], stdout=subprocess.PIPE) as saved:
            subprocess.run(load, stdin=saved.stdout, check=True)
        assert saved.returncode == 0
        host.check_output(f"docker run --detach --name {name} --network host {name}")
        yield "127.0.0.1:5000"
    finally:
        host.run(f"docker rm --force --volumes {name} && docker rmi {name}")
        subprocess.run(["docker", "rmi", name], check=True)


def _login(registry: str, password: str, directory: Path) -> str:
    """Variables in a file: on the command line, everybody on the machine would read the password."""
    path = directory / f"login-{len(list(directory.iterdir()))}.yml"
    login = {"registry": registry, "registry_username": "publisher", "registry_password": password}
    path.write_text(yaml.safe_dump({f"runtime_image_{name}": value for name, value in login.items()}))
    return f"@{path}"


@pytest.mark.long
def test_an_image_is_pulled_by_its_digest_and_nothing_changes_when_it_cannot_be(host, deployment, registry, tmp_path):
    before = _inspect(host, "temporal-ui")
    (local,) = _image(host, before)["RepoTags"]
    named = f"{registry}/{local}"
    # Another image than the one that runs, so that it takes a new container.
    host.check_output(f"printf 'FROM {local}\\nLABEL test=pulled\\n' | docker build --quiet --tag {named} -")
    host.check_output(f"echo test-only-password | docker login --username publisher --password-stdin {registry}")
    told = host.check_output(f"docker push {named}")
    host.check_output(f"docker logout {registry}; docker rmi {named}")
    (digest,) = re.findall(r"digest: (sha256:[0-9a-f]{64})", told)
    by_digest = (
        *("-e", f"temporal_ui_image={local.rpartition(':')[0]}@{digest}"),
        *("-e", "runtime_image_archive_directory="),
    )

    refused = playbook(UI, deployment.inventory, *by_digest, "-e", _login(registry, "not-the-password", tmp_path))
    assert refused.status != 0
    assert "Log in to the registry" in refused.output
    assert "not-the-password" not in refused.output
    assert _inspect(host, "temporal-ui")["Id"] == before["Id"]

    login = ("-e", _login(registry, "test-only-password", tmp_path))
    pulled = playbook(UI, deployment.inventory, *by_digest, *login)
    assert pulled.status == 0, pulled.output[-4000:]
    assert "test-only-password" not in pulled.output
    after = _inspect(host, "temporal-ui")
    assert after["Image"] != before["Image"]
    assert _image(host, after)["RepoDigests"] == [f"{named.rpartition(':')[0]}@{digest}"]
    assert host.check_output(f"python3 -c '{ASK}'") == "200"
    # No login is left behind.
    coded = base64.b64encode(b"publisher:test-only-password").decode()
    assert host.run(f"grep -rsl -e {coded} -e test-only-password {LOGINS}").stdout == ""
    again = playbook(UI, deployment.inventory, *by_digest, *login)
    assert not any(again.changed.values()), again.changed

    back = playbook(UI, deployment.inventory)
    assert back.status == 0, back.output[-4000:]
    assert _inspect(host, "temporal-ui")["Image"] == before["Image"]
    host.check_output(f"docker rmi {named.rpartition(':')[0]}@{digest}")
