# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit records at its start and what the module reads must be the same; both are run here."""

from __future__ import annotations

import pathlib
import re
import subprocess

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.aegis.temporal.plugins.module_utils import unit_record
from ansible_collections.aegis.temporal.plugins.module_utils.unit_record import Sources

ROLE = pathlib.Path(__file__).parents[4] / "roles" / "runtime"
UNIT = "demo@1.service"


def trusted(value):
    """Mark every string as a template, as Ansible does when it loads a file."""
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def render(service, install_root="/opt/aegis-temporal"):
    """Return the unit as the role would write it."""
    variables = trusted(yaml.safe_load((ROLE / "vars" / "main.yml").read_text()))
    variables.update(runtime_service=service, runtime_install_root=str(install_root), ansible_managed="Ansible managed")
    loader = DataLoader()
    # Where it finds the parts that the template includes.
    loader.set_basedir(str(ROLE / "templates"))
    templar = Templar(loader=loader, variables=variables)
    # The template module of Ansible trims blocks; Templar takes that from a header line.
    text = "#jinja2: trim_blocks: True\n" + (ROLE / "templates" / "unit.service.j2").read_text()
    return templar.template(trust_as_template(text), escape_backslashes=False)


def service(tmp_path, **changes):
    return {
        "name": "demo@",
        "description": "Demo",
        "user": "demo",
        "exec_start": "/bin/true",
        "component": "temporal_server",
        "credentials": {"token": str(tmp_path / "token"), "config": str(tmp_path / "config")},
        "environment_files": [str(tmp_path / "env-%i")],
        "files": [str(tmp_path / "conf")],
        **changes,
    }


@pytest.fixture
def host(tmp_path):
    for name in ("conf", "env-1", "token", "config"):
        (tmp_path / name).write_text(name)
    handed = tmp_path / "credentials"
    handed.mkdir()
    for name in ("token", "config"):
        (handed / name).write_text(name)
    component = tmp_path / "opt" / "temporal-server"
    (component / "1.0").mkdir(parents=True)
    (component / "2.0").mkdir()
    (component / "current").symlink_to("1.0")
    (tmp_path / "unit").write_text("the unit")
    return tmp_path


def start(host, **changes):
    """Run the ExecStartPre of the rendered unit as systemd would."""
    text = render(service(host, **changes), host / "opt").replace("\\\n", " ")
    script = re.search(r"^ExecStartPre=\+/bin/sh -euc '(.*)'$", text, re.M).group(1)
    script = script.replace("$$", "$").replace("%n", UNIT).replace("%i", "1")
    script = script.replace(unit_record.RECORDS, str(host / "run"))
    script = script.replace("/etc/systemd/system/demo@.service", str(host / "unit"))
    environment = {"INVOCATION_ID": "abc", "CREDENTIALS_DIRECTORY": str(host / "credentials"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(["/bin/sh", "-euc", script], env=environment, capture_output=True, text=True, check=False)


def sources(host):
    return Sources(
        unit_file=str(host / "unit"),
        files=[str(host / "env-%i"), str(host / "conf")],
        credentials={"token": str(host / "token"), "config": str(host / "config")},
        link=str(host / "opt" / "temporal-server" / "current"),
    )


def compare(host):
    invocation, recorded = unit_record.read_record(UNIT, str(host / "run"))
    now, missing = unit_record.on_disk(sources(host), "1")
    assert (invocation, missing) == ("abc", [])
    return unit_record.differences(recorded, now, str(host / "unit"))


def test_nothing_changed(host):
    done = start(host)
    assert (done.returncode, done.stderr) == (0, "")
    assert compare(host) == []
    record = pathlib.Path(unit_record.record_path(UNIT, str(host / "run")))
    assert record.stat().st_mode & 0o777 == 0o600
    assert record.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in record.parent.iterdir()] == [record.name]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("conf", "the file {}/conf changed"),
        ("env-1", "the file {}/env-1 changed"),
        ("unit", "the unit file changed"),
        ("token", "the credential token changed"),
    ],
)
def test_every_source_counts(host, name, reason):
    start(host)
    (host / name).write_text("changed")
    assert compare(host) == [reason.format(host)]


def test_new_version_counts(host):
    start(host)
    current = host / "opt" / "temporal-server" / "current"
    current.unlink()
    current.symlink_to("2.0")
    assert compare(host) == ["the installed version changed from 1.0 to 2.0"]


def test_what_the_service_was_handed_counts_not_the_source_file(host):
    (host / "credentials" / "token").write_text("older")
    start(host)
    assert compare(host) == ["the credential token changed"]


def test_added_and_dropped_sources_count(host):
    (host / "credentials" / "old").write_text("old")
    start(host, credentials={"config": str(host / "config"), "old": str(host / "token")})
    assert compare(host) == ["the credential old is no longer used", "the credential token is new"]


def test_missing_file_stops_the_start_and_leaves_no_record(host):
    start(host)
    (host / "conf").unlink()
    done = start(host)
    assert done.returncode != 0
    assert "conf" in done.stderr
    assert unit_record.read_record(UNIT, str(host / "run")) == ("", {})
    assert unit_record.on_disk(sources(host), "1")[1] == [str(host / "conf")]


def test_unit_without_credentials_and_component(host):
    assert start(host, credentials={}, component="").returncode == 0
    recorded = unit_record.read_record(UNIT, str(host / "run"))[1]
    assert {kind for kind, _name in recorded} == {"file"}


def test_forget(host):
    start(host)
    unit_record.forget(UNIT, str(host / "run"))
    unit_record.forget(UNIT, str(host / "run"))
    assert unit_record.read_record(UNIT, str(host / "run")) == ("", {})


def test_instances_in_paths():
    assert unit_record.for_instance("/etc/%i/%%i/x", "7") == "/etc/7/%i/x"


def test_exceptions_carry_their_reason(tmp_path):
    hardening = {
        "MemoryDenyWriteExecute": {"value": False, "reason": "it compiles at run time"},
        "ProtectHome": "read-only",
        "IPAddressDeny": ["10.0.0.0/8", "192.168.0.0/16"],
    }
    lines = render(service(tmp_path, hardening=hardening)).splitlines()
    at = lines.index("MemoryDenyWriteExecute=no")
    assert lines[at - 1] == "# Not the default of this collection: it compiles at run time"
    assert lines[lines.index("ProtectHome=read-only") - 1].startswith("# Not the default of this collection")
    assert {"IPAddressDeny=10.0.0.0/8", "IPAddressDeny=192.168.0.0/16", "NoNewPrivileges=yes"} <= set(lines)
    assert "ProtectHome=yes" not in lines


def test_environment_is_quoted(tmp_path):
    text = render(service(tmp_path, environment={"GREETING": 'say "hi" \\ bye', "PORT": 3000}))
    assert 'Environment="GREETING=say \\"hi\\" \\\\ bye"' in text
    assert 'Environment="PORT=3000"' in text


def test_plain_unit_and_template_unit_have_their_names(tmp_path):
    plain = render(service(tmp_path, name="demo"))
    assert "/etc/systemd/system/demo.service" in plain
    assert "instance %i" not in plain
    template = render(service(tmp_path, name="demo", instances=["0"]))
    assert "/etc/systemd/system/demo@.service" in template
