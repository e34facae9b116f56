# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command docker says, in the words of this collection."""

from __future__ import annotations

import json

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.container_engine import Container, Engine
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import UnitError

INSPECTED = {
    "Name": "/demo-0",
    "RestartCount": 3,
    "State": {"Status": "restarting", "StartedAt": "2026-01-01T00:00:00Z", "ExitCode": 1, "Error": ""},
    "Config": {"Image": "demo:1", "Labels": {"org.aegis-temporal.configuration": "abc-def"}},
}


class Docker:
    """The command: answers by verb, and what it was asked."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def __call__(self, argv, _timeout):
        self.asked.append(argv)
        return self.answers["_".join(word for word in argv[1:3] if word.isalpha())]


def test_a_host_without_docker_is_told_so():
    def missing(argv, _timeout):
        raise UnitError("%s is not on this host" % argv[0])

    assert Engine(missing).version() == ("", "docker is not on this host")


def test_an_engine_that_does_not_answer_says_why():
    engine = Engine(Docker(version=(1, "", "Cannot connect to the Docker daemon")))
    assert engine.version() == ("", "Cannot connect to the Docker daemon")


def test_an_image_that_is_not_there_has_no_id():
    assert Engine(Docker(image_inspect=(1, "[]\n", "Error: No such image: x"))).image_id("x") == ""
    assert Engine(Docker(image_inspect=(0, '[{"Id": "sha256:1"}]', ""))).image_id("x") == "sha256:1"


def test_a_broken_answer_is_no_missing_image():
    with pytest.raises(UnitError, match="permission denied"):
        Engine(Docker(image_inspect=(1, "", "permission denied"))).image_id("x")


def test_the_containers_of_a_service_are_found_by_its_label():
    docker = Docker(container_ls=(0, "1\n", ""), container_inspect=(0, json.dumps([INSPECTED]), ""))
    assert Engine(docker).of_service("demo@") == [Container("demo-0", "restarting", "abc-def", "demo:1")]
    assert docker.asked[0][-1] == "label=org.aegis-temporal.service=demo@"


def test_a_container_that_restarts_is_not_given_up():
    state = Engine(Docker(container_inspect=(0, json.dumps([INSPECTED]), ""))).state("demo-0")
    assert (state.active, state.sub, state.restarts) == ("activating", "auto-restart", 3)
    assert state.invocation == "2026-01-01T00:00:00Z"


def test_a_container_that_is_gone_has_failed():
    state = Engine(Docker(container_inspect=(1, "[]", "Error: No such container: demo-0"))).state("demo-0")
    assert (state.active, state.sub) == ("failed", "missing")


def test_a_log_shows_no_password():
    engine = Engine(Docker(logs_tail=(0, "", "no"), logs=(0, "password=pl4nted\n", "url postgres://u:pl4nted@h\n")))
    assert "pl4nted" not in engine.logs("demo-0", 30)
