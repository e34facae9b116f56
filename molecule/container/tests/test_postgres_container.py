# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL as a container: the same data under both providers, and never two servers on them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playbook import playbook

testinfra_hosts = ["ansible://postgres"]

UNIT = "postgresql@15-main.service"
NAME = "postgresql-15-main"
DATA = "/var/lib/postgresql/15/main"
BINARY = "/usr/lib/postgresql/15/bin/postgres"
WRITERS = "temporal-server.service aegis-temporal-worker@0.service"
CURRENT = "/opt/aegis-temporal/postgres/current"
PLAYBOOK = "playbooks/postgres.yml"
# Workflow runs, among them those of the tests before; what counts them is the server's own schema.
COUNT = "SELECT (SELECT count(*) FROM executions), (SELECT count(*) FROM history_node)"
REMOVAL = """
- hosts: postgres
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: aegis.temporal.postgres, tasks_from: remove}
"""


def _sql(host: Any, statement: str, database: str = "postgres") -> str:
    """Ask by the host's socket as the host's user postgres, with the library that Ansible's modules use there."""
    script = (
        "import psycopg2, sys; c = psycopg2.connect(host='/run/postgresql', dbname=sys.argv[1]); c.autocommit = True\n"
        "q = c.cursor(); q.execute(sys.argv[2]); print(q.fetchall() if q.description else '')"
    )
    return host.check_output("runuser -u postgres -- python3 -c %s %s %s", script, database, statement)


def _servers(host: Any) -> list[str]:
    """Process numbers of the postmasters that have the data directory, in whatever container."""
    # Without pgrep, which this host does not have.
    listing = host.check_output("grep --text --with-filename . /proc/[0-9]*/cmdline | tr '\\0' ' '")
    found = re.findall(rf"^/proc/(\d+)/cmdline:{BINARY} -D {DATA} ", listing, re.MULTILINE)
    # A connection's process is called like its parent for a moment, and may have ended since.
    statuses = host.check_output("grep --with-filename ^PPid: /proc/[0-9]*/status || true")
    parents = dict(re.findall(r"^/proc/(\d+)/status:PPid:\s+(\d+)$", statuses, re.MULTILINE))
    return [pid for pid in found if pid in parents and parents[pid] not in found]


def _runs(host: Any) -> str:
    return _sql(host, COUNT, "temporal")


def test_the_server_is_the_one_of_the_image(host):
    assert host.run(f"test -e {BINARY}").rc == 1
    assert not host.package("postgresql-15").is_installed
    pid = json.loads(host.check_output(f"docker inspect {NAME}"))[0]["State"]["Pid"]
    assert _servers(host) == [str(pid)]


def test_the_process_in_its_lock_file_is_the_hosts(host):
    """So that a server outside of the container sees it, as does the role."""
    assert host.check_output(f"head --lines=1 {DATA}/postmaster.pid") == _servers(host)[0]


def test_a_second_container_does_not_get_the_data(host):
    image = host.check_output(f"docker inspect --format '{{{{.Image}}}}' {NAME}")
    account = host.check_output("id --user postgres") + ":" + host.check_output("id --group postgres")
    mounts = " ".join(
        f"--mount=type=bind,source={path},target={path}"
        for path in ("/etc/postgresql/15/main", "/var/lib/postgresql", "/run/postgresql", "/etc/ssl")
    )
    second = host.run(
        f"docker run --rm --name molecule-second --network=host --pid=host --ipc=host --user={account} {mounts} "
        f"--entrypoint={BINARY} {image} -D {DATA} -c config_file=/etc/postgresql/15/main/postgresql.conf "
        "-c ssl=off -c port=5999"
    )
    assert second.rc != 0
    assert "postmaster.pid" in second.stderr
    assert len(_servers(host)) == 1


def test_the_unit_reloads_it(host):
    before = _sql(host, "SELECT pg_conf_load_time()")
    pid = _servers(host)
    host.check_output(f"systemctl reload {UNIT}")
    host.check_output("sleep 1")
    assert _sql(host, "SELECT pg_conf_load_time()") != before
    assert _servers(host) == pid


def test_a_setting_out_of_range_never_reaches_it(host, deployment):
    before = host.check_output("sha256sum /etc/postgresql/15/main/conf.d/50-aegis-temporal.conf")
    run = playbook(PLAYBOOK, deployment.inventory, variables={"postgres_settings": {"work_mem": "1kB"}})
    assert run.status != 0
    assert "work_mem" in run.message
    assert host.check_output("sha256sum /etc/postgresql/15/main/conf.d/50-aegis-temporal.conf") == before


def test_an_image_that_says_that_it_is_another_version_is_refused(host, deployment):
    before = _servers(host)
    run = playbook(PLAYBOOK, deployment.inventory, variables={"postgres_image": "aegis-temporal/ui:2.56.0"})
    assert run.status != 0
    assert "says that it is version 2.56.0, but 15 is wanted" in run.message
    assert _servers(host) == before


@pytest.mark.long
def test_an_image_without_debians_server_is_refused_before_it_is_used(host, deployment):
    before, current = _servers(host), host.check_output(f"readlink {CURRENT}")
    wrong = "molecule-no-server:15"
    label = "LABEL org.opencontainers.image.version=15"
    host.check_output(f"docker commit --pause=false --change '{label}' temporal-ui {wrong}")
    run = playbook(PLAYBOOK, deployment.inventory, variables={"postgres_image": wrong})
    assert run.status != 0
    assert f"postgres_image is {wrong}: no image with Debian's PostgreSQL 15" in run.message
    assert _servers(host) == before
    assert host.check_output(f"readlink {CURRENT}") == current
    host.check_output(f"docker rmi {wrong}")
    # What was noted of it goes with the next run.
    after = playbook(PLAYBOOK, deployment.inventory)
    assert after.status == 0, after.output[-4000:]
    again = playbook(PLAYBOOK, deployment.inventory)
    assert not any(again.changed.values()), again.changed
    assert _servers(host) == before


@pytest.fixture
def quiet(host: Any) -> Iterator[None]:
    """Nobody writes into the database, so that what is in it can be compared."""
    host.check_output(f"systemctl stop {WRITERS}")
    yield
    host.check_output(f"systemctl start {WRITERS}")


@pytest.mark.long
@pytest.mark.usefixtures("quiet")
def test_it_is_removed_and_its_data_stay(host, deployment, tmp_path):
    runs = _runs(host)
    (tmp_path / "remove.yml").write_text(REMOVAL)
    removed = playbook(str(tmp_path / "remove.yml"), deployment.inventory)
    assert removed.status == 0, removed.output[-4000:]
    assert _servers(host) == []
    assert NAME not in host.check_output("docker ps --all --format '{{.Names}}'").split()
    assert not host.file(f"/etc/systemd/system/{UNIT}").exists
    assert not host.file(CURRENT).exists
    again = playbook(str(tmp_path / "remove.yml"), deployment.inventory)
    assert not any(again.changed.values()), again.changed
    back = playbook(PLAYBOOK, deployment.inventory)
    assert back.status == 0, back.output[-4000:]
    assert len(_servers(host)) == 1
    assert _runs(host) == runs


@pytest.mark.long
@pytest.mark.usefixtures("quiet")
def test_it_moves_to_systemd_and_back_and_keeps_the_data(host, deployment):
    runs = _runs(host)
    assert runs != "[(0, 0)]"
    checked = playbook(PLAYBOOK, deployment.inventory, "--check", "-e", "postgres_provider=systemd")
    assert checked.status == 0, checked.output[-4000:]
    assert len(_servers(host)) == 1
    assert host.run(f"docker inspect {NAME}").rc == 0

    there = playbook(PLAYBOOK, deployment.inventory, "-e", "postgres_provider=systemd")
    assert there.status == 0, there.output[-4000:]
    assert "goes over from the provider container to systemd" in there.message
    assert NAME not in host.check_output("docker ps --all --format '{{.Names}}'").split()
    assert host.package("postgresql-15").is_installed
    assert len(_servers(host)) == 1
    assert _runs(host) == runs
    again = playbook(PLAYBOOK, deployment.inventory, "-e", "postgres_provider=systemd")
    assert not any(again.changed.values()), again.changed

    checked = playbook(PLAYBOOK, deployment.inventory, "--check")
    assert checked.status == 0, checked.output[-4000:]
    assert len(_servers(host)) == 1
    assert NAME not in host.check_output("docker ps --all --format '{{.Names}}'").split()
    back = playbook(PLAYBOOK, deployment.inventory)
    assert back.status == 0, back.output[-4000:]
    assert "goes over from the provider systemd to container" in back.message
    pid = json.loads(host.check_output(f"docker inspect {NAME}"))[0]["State"]["Pid"]
    assert _servers(host) == [str(pid)]
    assert _runs(host) == runs
    again = playbook(PLAYBOOK, deployment.inventory)
    assert not any(again.changed.values()), again.changed
    # With the verification at its end, which starts workflows.
    whole = playbook("site.yml", deployment.inventory)
    assert whole.status == 0, whole.output[-4000:]
