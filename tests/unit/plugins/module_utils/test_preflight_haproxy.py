# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role haproxy refuses, and what it needs of a host."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_haproxy import host_needs, problems

NODE = {"host": "server-1", "address": "192.0.2.21", "grpc_port": 7233, "services": ["frontend"]}
SOUND = {
    "haproxy_state": "present",
    "haproxy_bind_address": "192.0.2.61",
    "haproxy_port": 7233,
    "haproxy_frontends": [NODE],
    "haproxy_max_connections": 4000,
    "haproxy_health_check": "grpc",
    "haproxy_check_interval": 1,
    "haproxy_check_timeout": 3,
    "haproxy_check_fall": 3,
    "haproxy_check_rise": 2,
    "haproxy_connect_timeout": 5,
    "haproxy_idle_timeout": 900,
    "haproxy_hard_stop_after": 600,
    "haproxy_start_timeout": 30,
}


def found(inspection=("config absent",), **changes):
    return problems({**SOUND, **changes}, inspection)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"haproxy_port": "443"},
        {"haproxy_bind_address": "::"},
        {"haproxy_frontends": [NODE, {"host": "b.example.com", "address": "fd00::1", "grpc_port": "7300"}]},
        {"haproxy_health_check": "connect", "haproxy_idle_timeout": 75},
        {"inspection": ["installed", "config package"]},
        {"inspection": ["installed", "config ours"]},
        # What is to go is not looked at.
        {"haproxy_state": "absent", "haproxy_port": 0, "inspection": ["installed", "config foreign"]},
    ],
)
def test_allowed(changes):
    assert found(**changes) == []


REFUSED = [
    ({"haproxy_state": "gone"}, "haproxy_state is 'gone': unknown"),
    ({"haproxy_bind_address": "lb"}, "haproxy_bind_address is 'lb': not an IP address"),
    ({"haproxy_port": 0}, "haproxy_port is 0: not a port number. Choose one from 1 to 65535."),
    ({"haproxy_idle_timeout": 70}, "haproxy_idle_timeout is 70: not a number of seconds that will do. Give 75 to"),
    ({"haproxy_check_fall": "twice"}, "haproxy_check_fall is 'twice': not a number of checks"),
    ({"haproxy_max_connections": True}, "haproxy_max_connections is True: not a number of connections"),
    ({"haproxy_health_check": "http"}, "haproxy_health_check is 'http': unknown. Choose one of grpc, connect."),
    ({"haproxy_frontends": []}, "haproxy_frontends is []: names no frontend"),
    ({"haproxy_frontends": "server-1"}, "haproxy_frontends is 'server-1': names no frontend"),
    ({"haproxy_frontends": [{"host": "a", "address": "b"}]}, "lacks host, address or grpc_port"),
    ({"haproxy_frontends": [{**NODE, "host": "a b"}]}, "haproxy_frontends is 'a b': a name that HAProxy does not take"),
    ({"haproxy_frontends": [{**NODE, "address": "a\n  b"}]}, "not an address"),
    ({"haproxy_frontends": [{**NODE, "grpc_port": 80}]}, "haproxy_frontends is 80: ports below 1024"),
    ({"inspection": ["config foreign"]}, "/etc/haproxy/haproxy.cfg of this host is not this role's"),
]


@pytest.mark.parametrize(("changes", "text"), REFUSED, ids=[str(changes)[:60] for changes, _ in REFUSED])
def test_refused_with_name_and_fix(changes, text):
    (problem,) = found(**changes)
    assert text in problem


def test_all_problems_are_told_at_once():
    assert len(found(haproxy_port=0, haproxy_check_rise=0, haproxy_health_check="", haproxy_frontends=None)) == 4


def test_a_proxy_needs_its_port_and_an_absent_one_nothing():
    (port,) = host_needs(SOUND)["ports"]
    assert (port["address"], port["port"], port["unit"]) == ("192.0.2.61", 7233, "haproxy.service")
    assert host_needs({**SOUND, "haproxy_state": "absent"}) == {"ports": [], "paths": []}
