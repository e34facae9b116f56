# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How temporal-sql-tool is called."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.schema_tool import command, run, version
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import SchemaError, Step

PASSWORD = "p'w $x"
STORE = {
    "name": "default",
    "host": "db.example",
    "port": 5433,
    "database": "temporal",
    "user": "owner",
    "password": PASSWORD,
    "plugin": "postgres12",
    "tls": {"enabled": False, "ca_file": None, "cert_file": None, "key_file": None, "verify_host": True},
}
SETUP = Step("default", "setup", None, "0.0")
UPDATE = Step("default", "update", "0.0", "1.19")
BASE = ["--endpoint", "db.example", "--port", "5433", "--user", "owner", "--database", "temporal"]
BASE += ["--plugin", "postgres12"]


@pytest.fixture
def tool(tmp_path):
    """Make a tool of a shell script."""

    def make(script):
        path = tmp_path / "tool"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        return str(path)

    return make


def test_setup():
    assert command("tool", STORE, SETUP) == ["tool", *BASE, "setup-schema", "-v", "0.0"]


def test_update():
    wanted = ["update-schema", "--schema-name", "postgresql/v12/temporal", "-v", "1.19"]
    assert command("tool", STORE, UPDATE) == ["tool", *BASE, *wanted]


def test_newest():
    step = Step("visibility", "update", "1.14", None)
    assert command("tool", STORE, step)[-3:] == ["update-schema", "--schema-name", "postgresql/v12/visibility"]


def test_ipv6():
    assert command("tool", {**STORE, "host": "::1"}, SETUP)[2] == "[::1]"


def test_tls():
    tls = {"enabled": True, "ca_file": "/ca", "cert_file": "/crt", "key_file": "/key", "verify_host": False}
    arguments = command("tool", {**STORE, "tls": tls}, SETUP)
    files = ["--tls-ca-file", "/ca", "--tls-cert-file", "/crt", "--tls-key-file", "/key"]
    assert arguments[11:-3] == ["--tls", *files, "--tls-disable-host-verification"]


def test_password_only_in_the_environment(tool, tmp_path, monkeypatch):
    monkeypatch.setenv("SQL_DATABASE", "inherited")
    seen = tmp_path / "seen"
    run(tool('env > "%s"; echo "$@" >> "%s"' % (seen, seen)), {**STORE, "password": "secret"}, SETUP, 10)
    text = seen.read_text()
    assert "SQL_PASSWORD=secret" in text
    assert text.count("secret") == 1
    assert "inherited" not in text


def test_failure_names_the_last_lines_without_the_password(tool):
    with pytest.raises(SchemaError) as error:
        run(tool('echo "cannot use $SQL_PASSWORD"; exit 3'), {**STORE, "password": "secret"}, UPDATE, 10)
    assert "Updating the schema of the default store failed (exit code 3)" in str(error.value)
    assert "cannot use ********" in str(error.value)


def test_timeout(tool):
    with pytest.raises(SchemaError, match=r"took longer than 1 s .*temporal_schema_timeout"):
        run(tool("exec sleep 60"), STORE, UPDATE, 1)


def test_version(tool):
    assert version(tool("echo temporal-sql-tool version 1.32.2")) == "1.32.2"


def test_an_old_tool_does_not_know_its_version(tool):
    assert version(tool("echo temporal-sql-tool version 0.0.1")) is None


def test_another_program(tool):
    with pytest.raises(SchemaError, match="not the temporal-sql-tool"):
        version(tool("echo hello"))


def test_no_program(tmp_path):
    with pytest.raises(SchemaError, match="cannot be started"):
        version(str(tmp_path / "nothing"))
