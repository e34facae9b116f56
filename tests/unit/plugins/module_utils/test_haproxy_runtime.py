# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HAProxy 2.6 said on its socket is read, and compared with what its file says."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.haproxy_runtime import parse, read_file

BACKEND = "temporal-frontend"
FILE = """\
global
    description aegis.temporal 01ab
listen temporal-frontend
    server one 192.0.2.21:7233
    server two [fd00::1]:7233
    server three frontend.example.com:7300
"""
INFO = "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nUptime_sec: 9\ndescription: aegis.temporal 01ab\n"
COLUMNS = ("pxname", "svname", "status", "check_status", "last_chk", "addr")
ROWS = [
    (BACKEND, "FRONTEND", "OPEN", "", "", ""),
    (BACKEND, "one", "UP", "L7OK", '"(tcp-check)"', "192.0.2.21:7233"),
    (BACKEND, "two", "UP 1/3", "* L4CON", "Connection refused", "[fd00:0::1]:7233"),
    (BACKEND, "three", "UP", "INI", "", "203.0.113.9:7300"),
    (BACKEND, "BACKEND", "UP", "", "", ""),
    ("other", "one", "DOWN", "L4TOUT", "", "192.0.2.9:1"),
]


def running(info=INFO, rows=ROWS):
    stat = "".join(",".join(row) + "\n" for row in (COLUMNS, *rows))
    return parse(info, "# " + stat, BACKEND)


def changed(index, **columns):
    row = dict(zip(COLUMNS, ROWS[index], strict=True)) | columns
    return [*ROWS[:index], tuple(row.values()), *ROWS[index + 1 :]]


def test_the_process_is_read():
    process = running()
    assert (process.version, process.uptime) == ("2.6.12-1+deb12u4", 9)
    assert [(server.name, server.up, server.check) for server in process.servers] == [
        ("one", True, "L7OK (tcp-check)"),
        ("two", True, "L4CON Connection refused"),
        # Taken for up until the first check, which is not a finding.
        ("three", False, ""),
    ]


@pytest.mark.parametrize("status", ["DOWN", "DOWN 1/2", "MAINT", "DRAIN", "no check"])
def test_what_is_not_up(status):
    assert not running(rows=changed(1, status=status)).servers[0].up


def test_a_process_that_has_read_its_file_is_the_same():
    assert read_file(FILE).same(running())


@pytest.mark.parametrize(
    ("info", "rows"),
    [
        (INFO.replace("01ab", "02cd"), ROWS),
        (INFO.replace("description: aegis.temporal 01ab\n", ""), ROWS),
        (INFO, [row for row in ROWS if row[1] != "two"]),
        (INFO, [*ROWS, (BACKEND, "four", "UP", "L7OK", "", "192.0.2.24:7233")]),
        (INFO, changed(1, addr="192.0.2.22:7233")),
        (INFO, changed(2, addr="[fd00::2]:7233")),
        (INFO, changed(3, addr="203.0.113.9:7301")),
        (INFO, changed(1, svname="uno")),
    ],
)
def test_every_difference_is_seen(info, rows):
    assert not read_file(FILE).same(running(info, rows))


@pytest.mark.parametrize(("info", "stat"), [("", ""), ("Name: nginx\n", "# pxname\n"), (INFO, "Unknown command\n")])
def test_what_is_no_haproxy(info, stat):
    with pytest.raises(ValueError, match="no HAProxy"):
        parse(info, stat, BACKEND)
