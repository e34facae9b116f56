# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service is as a container."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.container_spec import container, containers, problems

SERVER = {
    "name": "temporal-server",
    "description": "Temporal Server",
    "user": "temporal",
    "exec_start": "/opt/x/temporal-server --config-file %d/temporal.yaml start",
    "credentials": {"temporal.yaml": "/etc/temporal/config.yaml"},
    "timeout_stop": 57,
    "memory_max": "2G",
    "cpus": 1.5,
    "container": {
        "image": "temporalio/server:1.32.2",
        "entrypoint": ["temporal-server"],
        "command": ["--config-file", "%d/temporal.yaml", "start"],
        "mounts": [{"source": "/etc/temporal"}],
    },
}
WORKER = {
    "name": "aegis-temporal-worker@",
    "description": "worker",
    "user": "aegis-worker",
    "environment": {"RATE": "5%%", "PASSWORD_FILE": "%d/password"},
    "credentials": {"password": "/etc/worker/password"},
    "instances": ["0", "1"],
    "container": {
        "image": "w:1",
        "environment": {"PORT": "{instance+3000}", "WORKER_IDENTITY": "host:{instance+3000}"},
    },
}


def test_a_service_becomes_one_container():
    made = container(SERVER, user="998:997")
    assert (made["name"], made["user"], made["image"]) == ("temporal-server", "998:997", "temporalio/server:1.32.2")
    assert made["command"] == ["--config-file", "/run/secrets/temporal.yaml", "start"]
    assert made["mounts"] == [{"source": "/etc/temporal", "target": "/etc/temporal", "read_only": True}]
    assert (made["stop_timeout"], made["memory"], made["cpus"]) == (57, "2G", 1.5)
    assert made["labels"]["org.aegis-temporal.unit"] == "temporal-server.service"


def test_it_may_do_nothing_that_it_need_not():
    made = container(SERVER)
    assert made["read_only"] and made["cap_drop"] == ["ALL"] and made["cap_add"] == []
    assert made["security_opt"] == ["no-new-privileges:true"]
    assert made["network_mode"] == "host"


def test_instances_have_names_ports_and_units_of_their_own():
    first, second = containers(WORKER)
    assert (first["name"], second["name"]) == ("aegis-temporal-worker-0", "aegis-temporal-worker-1")
    assert second["environment"] == {
        "PASSWORD_FILE": "/run/secrets/password",
        "PORT": "3001",
        "RATE": "5%",
        "WORKER_IDENTITY": "host:3001",
    }
    assert second["labels"] == {
        "org.aegis-temporal.service": "aegis-temporal-worker@",
        "org.aegis-temporal.unit": "aegis-temporal-worker@1.service",
    }


def test_a_sum_needs_a_number():
    with pytest.raises(ValueError, match="needs a number as instance, not 'blue'"):
        container(WORKER, "blue")


def test_what_is_right_has_no_problems():
    assert problems(SERVER) == []
    assert problems(WORKER) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"memory_max": "50%"}, "memory_max of temporal-server is '50%'"),
        ({"cpus": "many"}, "cpus of temporal-server is 'many'"),
        ({"cpus": -1}, "cpus of temporal-server is -1"),
        ({"environment_files": ["/etc/x"]}, "environment_files of temporal-server is ['/etc/x']"),
        ({"container": {}}, "has no container.image"),
    ],
)
def test_what_cannot_be_a_container_is_named(change, words):
    (problem,) = problems({**SERVER, **change})
    assert words in problem
