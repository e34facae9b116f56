# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what the inspection prints, and running it here."""

from __future__ import annotations

import pathlib
import subprocess

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.postgres_inspection import (
    InspectionError,
    parse_inspection,
)

SCRIPT = pathlib.Path(__file__).parents[4] / "roles/postgres/files/inspect.sh"

OUTPUT = """\
codename trixie
memory_kb 4194304
address 10.0.0.1 fd00::1
package postgresql-17
package python3-psycopg2
cluster 15 main /var/lib/postgresql/15/main 0 0
cluster 17 main /srv/db 1234 5544
listener 10.0.0.1:5432 users:(("postgres",pid=1234,fd=6))
listener [::1]:5432 users:(("nginx",pid=7,fd=6),("nginx",pid=8,fd=6))
listener 127.0.0.1%lo:5432
free_kb 2097152
stale_unit postgresql@17-main.service
container_unit postgresql@17-main.service
drop_in postgresql@15-main.service
account 101 104
tls_group 105
"""


def test_every_line_is_understood() -> None:
    assert parse_inspection(OUTPUT) == {
        "codename": "trixie",
        "memory_mb": 4096,
        "free_mb": 2048,
        "addresses": ["10.0.0.1", "fd00::1"],
        "packages": ["postgresql-17", "python3-psycopg2"],
        "clusters": [
            {"version": "15", "name": "main", "data_directory": "/var/lib/postgresql/15/main", "pid": 0, "port": 0},
            {"version": "17", "name": "main", "data_directory": "/srv/db", "pid": 1234, "port": 5544},
        ],
        "listeners": [
            {"address": "10.0.0.1", "pids": [1234], "process": "postgres"},
            {"address": "::1", "pids": [7, 8], "process": "nginx"},
            {"address": "127.0.0.1", "pids": [], "process": ""},
        ],
        "stale_units": ["postgresql@17-main.service"],
        "container_units": ["postgresql@17-main.service"],
        "drop_ins": ["postgresql@15-main.service"],
        "account": [101, 104],
        "tls_groups": [105],
    }


@pytest.mark.parametrize("line", ["surprise 1", "cluster 17 main", "listener", "account 101"])
def test_an_unknown_line_is_not_swallowed(line: str) -> None:
    with pytest.raises(InspectionError, match=line):
        parse_inspection("codename trixie\n" + line)


def test_the_script_passes_the_shells_own_syntax_check() -> None:
    subprocess.run(["sh", "-n", str(SCRIPT)], check=True)
