# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values the block takes, and how a wrong one is told."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.orchestrator_settings import value_problems


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("address", "temporal:7233"),
        ("address", "http://[2001:db8::1]:7233"),
        ("address", "env:TEMPORAL_ADDRESS"),
        ("namespace", "aegis production"),
        ("task_queue", "aegis-agents"),
        ("worker_http_endpoint", "http://192.0.2.41:3000"),
        ("worker_http_endpoint", "https://worker.example.com/aegis"),
        ("worker_http_endpoint", "env:WORKER_URL"),
    ],
)
def test_good(key, value):
    assert value_problems({key: value}) == []


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("address", "", "not host:port"),
        ("address", "temporal", "not host:port"),
        ("address", "temporal:0", "not host:port"),
        ("address", "temporal:70000", "not host:port"),
        ("address", "2001:db8::1:7233", "not host:port"),
        ("address", "grpc://temporal:7233", "not host:port"),
        ("address", "http://temporal:7233/", "not host:port"),
        ("address", "env:1X", "not the name of an environment variable. Write env: and a name"),
        ("namespace", "env:NAMESPACE", "takes it as it stands when it starts a workflow. Give the name itself."),
        ("namespace", " a", "blanks around it"),
        ("task_queue", "", "empty"),
        ("task_queue", "a" * 1001, "longer than 1000 bytes"),
        ("worker_http_endpoint", "localhost:3000", "not a URL"),
        ("worker_http_endpoint", "http://", "not a URL"),
        ("worker_http_endpoint", "http://h:x", "not a URL"),
        ("worker_http_endpoint", "http://a b:1", "not a URL"),
        ("worker_http_endpoint", "http://h:1/?a=1", "neither query nor fragment"),
    ],
)
def test_bad(key, value, words):
    (problem,) = value_problems({key: value})
    assert problem.startswith("%s is '%s" % (key, value[:3]))
    assert words in problem


def test_a_password_in_a_url_is_not_repeated():
    (problem,) = value_problems({"worker_http_endpoint": "http://u:hush@h:1"})
    assert "hush" not in problem


def test_the_user_s_own_names_are_used():
    (problem,) = value_problems({"address": "x"}, {"address": "aegis_orchestrator_temporal_address"})
    assert problem.startswith("aegis_orchestrator_temporal_address is 'x'")
