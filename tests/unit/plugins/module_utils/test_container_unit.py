# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line that runs a container: what it takes away, what it hands over, and what means something to systemd."""

from __future__ import annotations

import shlex

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import container_unit

BINARIES = "/opt/aegis-temporal/tool/current/bin"
OPTIONS = {"limit_nofile": True, "log_driver": "none", "log_options": {}}


def service(**changes):
    return {
        "name": "tool@",
        "description": "A tool",
        "user": "tool",
        "exec_start": "/bin/sh -c 'PORT=$$((3000 + %%i)); exec " + BINARIES + "/tool --config %d/tool.yaml'",
        "instances": ["0", "1"],
        "environment": {"MODE": "50%%", "TOKEN_FILE": "%d/token"},
        "credentials": {"tool.yaml": "/etc/tool/tool.yaml"},
        **changes,
    }


def words(options=None, **changes):
    line = container_unit.exec_start(service(**changes), BINARIES, "998:997", options or OPTIONS)
    return shlex.split(line)


def test_nothing_is_left_to_it_that_it_does_not_need():
    found = words()
    for flag in (
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges:true",
        "--user=998:997",
        "--pull=never",
        "--network=host",
        "--ulimit=core=0",
        "--no-healthcheck",
    ):
        assert flag in found, flag


def test_the_instance_stays_systemds_to_fill_in():
    found = words()
    assert "--name=tool-%i" in found
    assert "--label=org.aegis-temporal.unit=tool@%i.service" in found
    assert container_unit.container_name(service()) == "tool-%i"


def test_the_program_is_found_in_the_image_and_its_secrets_where_they_are_mounted():
    found = words()
    image = found.index("${AEGIS_TEMPORAL_IMAGE}")
    assert found[image + 1 :] == [
        "/bin/sh",
        "-c",
        "PORT=$$((3000 + %%i)); exec tool --config /run/secrets/tool.yaml",
    ]
    assert "--mount=type=bind,source=%t/%N.container/secrets,target=/run/secrets,readonly" in found[:image]


def test_only_names_of_variables_are_on_the_command_line():
    found = words()
    assert "--env=MODE" in found
    assert "--env=TOKEN_FILE" in found
    assert not [word for word in found if "50%" in word]


def test_without_credentials_nothing_is_mounted():
    assert not [word for word in words(credentials={}) if word.startswith("--mount")]


@pytest.mark.parametrize(
    ("changes", "options", "wanted"),
    [
        ({"memory_max": "2G"}, {}, ["--memory=2g", "--memory-swap=2g"]),
        ({"cpus": 1.5}, {}, ["--cpus=1.5"]),
        ({"timeout_stop": 58}, {}, ["--stop-timeout=58"]),
        ({"container": {"mounts": ["/t"]}}, {}, ["--mount=type=bind,source=/t,target=/t,readonly"]),
        ({"container": {"volumes": [{"name": "d", "target": "/d"}]}}, {}, ["--mount=type=volume,source=d,target=/d"]),
        ({}, {"log_driver": "json-file", "log_options": {"max-size": "10m"}}, ["--log-opt=max-size=10m"]),
        ({"limit_nofile": 1000}, {}, ["--ulimit=nofile=1000"]),
        ({"container": {"stop_signal": "SIGINT"}}, {}, ["--stop-signal=SIGINT"]),
        ({"container": {"pid_mode": "host", "ipc_mode": "host"}}, {}, ["--pid=host", "--ipc=host"]),
        ({"container": {"groups": [105, "106"]}}, {}, ["--group-add=105", "--group-add=106"]),
        ({"container": {"oom_score_adj": -900}}, {}, ["--oom-score-adj=-900"]),
    ],
    ids=str,
)
def test_limits_mounts_and_logs(changes, options, wanted):
    found = words({**OPTIONS, **options}, **changes)
    assert set(wanted) <= set(found), found


def test_what_raises_limits_can_be_left_to_the_engine():
    found = words({**OPTIONS, "limit_nofile": False}, container={"oom_score_adj": -900})
    assert not [word for word in found if "nofile" in word or "oom" in word]


def test_an_entrypoint_takes_the_place_of_the_program_in_the_path():
    container = {"entrypoint": ["/usr/lib/server", "--first"], "command": ["-c", "config_file=/etc/a"]}
    found = words(container=container)
    image = found.index("${AEGIS_TEMPORAL_IMAGE}")
    assert "--entrypoint=/usr/lib/server" in found[:image]
    assert found[image + 1 :] == ["--first", "-c", "config_file=/etc/a"]


def test_the_instance_of_somebody_elses_template_has_a_name_that_docker_takes():
    one = service(name="server@15-main", instances=[])
    assert container_unit.container_name(one) == "server-15-main"
    assert "--label=org.aegis-temporal.unit=server@15-main.service" in words(name="server@15-main", instances=[])


def test_an_escaped_percent_sign_is_no_specifier():
    assert container_unit.in_container("%d/a 100%%d") == "/run/secrets/a 100%%d"


def test_what_systemd_would_split_is_quoted():
    line = container_unit.exec_start(
        service(), BINARIES, "1:1", {**OPTIONS, "log_driver": "json-file", "log_options": {"tag": 'a "b"'}}
    )
    assert '"--log-opt=tag=a \\"b\\""' in line
