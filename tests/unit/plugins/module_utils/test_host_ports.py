# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports are taken and by whom."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import host_ports
from ansible_collections.aegis.temporal.plugins.module_utils.host_ports import (
    overlap,
    parse_listeners,
    port_problems,
    units_of,
)

# As a little-endian kernel prints it: 127.0.0.1:5432 listens, 0.0.0.0:7233 listens, 127.0.0.1:40000 is connected.
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   104        0 1111 1 0 100 0 0 10 0
   1: 00000000:1C41 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 2222 1 0 100 0 0 10 0
   2: 0100007F:9C40 0100007F:1538 01 00000000:00000000 00:00000000 00000000   999        0 3333 1 0 100 0 0 10 0
"""
# ::1:3000, the wildcard on 8233, and ::ffff:127.0.0.1 on 9094.
TCP6 = """\
  sl  local_address                         remote_address                        st tx rx tr tm retr uid timeout inode
   0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4444 1 0 100 0 0
   1: 00000000000000000000000000000000:2029 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 5555 1 0 100 0 0
   2: 0000000000000000FFFF00000100007F:2386 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 6666 1 0 100 0 0
"""


def wish(port, address="127.0.0.1", unit="", variable="temporal_worker_port"):
    return {"port": port, "address": address, "unit": unit, "variable": variable}


@contextlib.contextmanager
def listening(address="127.0.0.1", family=socket.AF_INET, v6only=False):
    with socket.socket(family, socket.SOCK_STREAM) as server:
        if v6only:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.bind((address, 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def has_ipv6():
    try:
        with listening("::1", socket.AF_INET6):
            return
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")


def test_parses_listeners_of_both_families():
    found = [(str(item.address), item.port, item.inode) for item in parse_listeners(TCP) + parse_listeners(TCP6)]
    assert found == [
        ("127.0.0.1", 5432, "1111"),
        ("0.0.0.0", 7233, "2222"),
        ("::1", 3000, "4444"),
        ("::", 8233, "5555"),
        ("127.0.0.1", 9094, "6666"),
    ]


@pytest.mark.parametrize(
    ("wanted", "other", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("127.0.0.1", "0.0.0.0", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("127.0.0.1", "::", True),
        ("127.0.0.1", "::1", False),
        ("::1", "0.0.0.0", False),
        ("::", "127.0.0.1", True),
        ("0.0.0.0", "::1", False),
    ],
)
def test_overlap(wanted, other, expected):
    assert overlap(ipaddress.ip_address(wanted), ipaddress.ip_address(other)) is expected


@pytest.mark.parametrize(
    ("cgroups", "units"),
    [
        ("0::/system.slice/temporal-server.service\n", ("temporal-server.service",)),
        ("12:cpu:/user.slice/a.service\n1:name=systemd:/system.slice/b.service\n", ("b.service",)),
        (
            "0::/system.slice/docker-ab.scope/system.slice/system-w.slice/aegis-temporal-worker@0.service\n",
            ("docker-ab.scope", "aegis-temporal-worker@0.service"),
        ),
        ("0::/\n", ()),
    ],
)
def test_units_of(cgroups, units):
    assert units_of(cgroups) == units


def test_free_port_is_no_problem():
    with listening() as port:
        pass
    assert port_problems([wish(port)]) == []


def test_taken_port_names_variable_port_process_and_pid():
    with listening() as port:
        (problem,) = port_problems([wish(port)])
    assert problem.startswith(f"temporal_worker_port is {port}: 127.0.0.1:{port} on this host is held by ")
    assert f"(pid {os.getpid()}" in problem
    assert problem.endswith("Give another port, or stop that process.")


def test_wildcard_listener_takes_the_port_of_one_address():
    with listening("0.0.0.0") as port:
        assert len(port_problems([wish(port)])) == 1


def test_listener_on_another_address_is_no_problem():
    with listening("127.0.0.2") as port:
        assert port_problems([wish(port)]) == []


@pytest.mark.usefixtures("has_ipv6")
def test_ipv6_wildcard_takes_ipv4_unless_it_was_told_not_to():
    with listening("::", socket.AF_INET6) as port:
        assert len(port_problems([wish(port, "0.0.0.0")])) == 1
    with listening("::", socket.AF_INET6, v6only=True) as port:
        assert port_problems([wish(port, "0.0.0.0")]) == []


@pytest.fixture
def proc(tmp_path):
    """A procfs in which pid 77 of a worker's unit holds the socket with inode 4242."""

    def make(port, cgroup):
        net = tmp_path / "net"
        net.mkdir()
        (net / "tcp").write_text(
            f"sl\n 0: 0100007F:{port:04X} 00000000:0000 0A 0:0 00:0 0 0 0 4242 1 0 100 0 0 10 0\n", encoding="ascii"
        )
        (tmp_path / "77" / "fd").mkdir(parents=True)
        (tmp_path / "77" / "fd" / "5").symlink_to("socket:[4242]")
        (tmp_path / "77" / "comm").write_text("aegis-temporal-\n", encoding="ascii")
        (tmp_path / "77" / "cmdline").write_bytes(b"/venv/bin/python\0/opt/bin/aegis-temporal-worker\0")
        (tmp_path / "77" / "cgroup").write_text(cgroup, encoding="ascii")
        return str(tmp_path)

    return make


@pytest.mark.parametrize("unit", ["aegis-temporal-worker@0.service", "aegis-temporal-worker@*.service"])
def test_port_of_the_own_unit_is_no_problem(proc, unit):
    with listening() as port:
        root = proc(port, "0::/system.slice/aegis-temporal-worker@0.service\n")
        assert port_problems([wish(port, unit=unit)], root) == []


def test_port_of_another_instance_is_a_problem(proc):
    with listening() as port:
        root = proc(port, "0::/system.slice/aegis-temporal-worker@1.service\n")
        (problem,) = port_problems([wish(port, unit="aegis-temporal-worker@0.service")], root)
    assert "held by aegis-temporal-worker (pid 77, unit aegis-temporal-worker@1.service)" in problem


def test_holder_that_cannot_be_seen_is_said_so(proc):
    with listening() as port:
        root = proc(port, "0::/\n")
        os.unlink(os.path.join(root, "77", "fd", "5"))
        (problem,) = port_problems([wish(port)], root)
    assert "a process that cannot be seen" in problem
    assert "run as root" in problem


def test_address_of_another_machine():
    (problem,) = port_problems([wish(3000, "192.0.2.1", variable="temporal_worker_bind_address")])
    assert problem.startswith("temporal_worker_bind_address: the address 192.0.2.1 is not on this host")


def test_address_that_cannot_be_resolved():
    (problem,) = port_problems([wish(3000, "no-such-name.invalid")])
    assert "'no-such-name.invalid' cannot be resolved" in problem


def test_name_stands_for_its_addresses():
    with listening() as port:
        assert len(port_problems([wish(port, "localhost")])) == 1


def test_two_variables_that_want_one_port():
    with listening() as port:
        pass
    (problem,) = port_problems([wish(port, "0.0.0.0", variable="temporal_ui_port"), wish(port)])
    assert problem == (
        f"temporal_worker_port is {port}: temporal_ui_port wants the same port on the same address. Give another port."
    )


def test_same_port_on_two_addresses_is_no_problem():
    with listening() as port:
        pass
    assert port_problems([wish(port, "127.0.0.1"), wish(port, "127.0.0.2")]) == []


def test_open_files_are_walked_only_when_a_port_is_taken(monkeypatch):
    def never(*_arguments):
        raise AssertionError("walked all open files for nothing")

    monkeypatch.setattr(host_ports, "holders", never)
    with listening() as port:
        pass
    assert port_problems([wish(port)]) == []
