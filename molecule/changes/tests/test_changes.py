# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A valid change is rolled out, verified and found unchanged by the next run; a damaged host is put right."""

from __future__ import annotations

import subprocess
import time

import pytest
from playbook import REPOSITORY, site

testinfra_hosts = ["ansible://temporal"]

NEW_PORTS = {
    "temporal_service_settings": {"frontend": {"grpc_port": 7333, "http_port": 7343}},
    "temporal_worker_port": 3100,
}
# Quotes, a template, a shell expansion, a comment, a backslash, a colon and letters beyond ASCII.
NEW_PASSWORDS = {
    "temporal_database_password": "n3w \"quoted\" 'pass' {x} $HOME #1",
    "temporal_visibility_database_password": "colon: and \\ backslash",
    "temporal_worker_database_password": "pässwörd: with \\ colon",
}


def _apply_twice(deployment, variables):
    first = site(deployment.inventory, variables=variables)
    assert first.status == 0, first.output[-4000:]
    assert any(first.changed.values())
    second = site(deployment.inventory, variables=variables)
    assert second.status == 0, second.output[-4000:]
    assert not any(second.changed.values()), second.output[-4000:]
    return first


def test_a_valid_new_port_is_rolled_out_and_verified(host, deployment):
    run = _apply_twice(deployment, NEW_PORTS)
    assert "an echo workflow ran to Completed" in run.message
    assert host.socket(f"tcp://{deployment.address('temporal')}:7333").is_listening
    assert not host.socket(f"tcp://{deployment.address('temporal')}:7233").is_listening
    back = site(deployment.inventory)
    assert back.status == 0, back.output[-4000:]


def test_new_database_passwords_are_rolled_out_and_verified(deployment):
    run = _apply_twice(deployment, NEW_PASSWORDS)
    for password in NEW_PASSWORDS.values():
        assert password not in run.output
    back = site(deployment.inventory)
    assert back.status == 0, back.output[-4000:]


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/etc/systemd/system/temporal-server.service", "temporal-server.service"),
        ("/etc/systemd/system/aegis-temporal-worker@.service", "aegis-temporal-worker@0.service"),
        ("/etc/temporal/config.yaml", "temporal-server.service"),
        ("/etc/temporal-ui/config.yaml", "temporal-ui.service"),
    ],
)
def test_a_hand_edited_file_is_put_right_and_its_service_restarted(host, deployment, path, unit):
    before = host.file(path).sha256sum
    host.check_output(f"printf '\\n# edited by hand\\n' >> {path}")
    # Somebody who edits it also restarts the service: it now runs with what should not be there.
    host.check_output(f"systemctl daemon-reload && systemctl restart {unit}")
    pid = host.check_output(f"systemctl show --property=MainPID --value {unit}")
    run = site(deployment.inventory)
    assert run.status == 0, run.output[-4000:]
    assert host.file(path).sha256sum == before
    assert host.check_output(f"systemctl show --property=MainPID --value {unit}") != pid


# Seconds after which the play is killed: spread over what a run with changes takes.
@pytest.mark.parametrize("after", [10, 24, 40])
def test_a_killed_play_converges_when_run_again(deployment, after):
    variables = [
        "--extra-vars",
        f'{{"temporal_log_level": "{["info", "warn"][after // 4 % 2]}", "temporal_ui_port": {8240 + after}}}',
    ]
    play = subprocess.Popen(
        ["ansible-playbook", "--inventory", str(deployment.inventory), "site.yml", *variables],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=REPOSITORY,
        start_new_session=True,
    )
    time.sleep(after)
    subprocess.run(["kill", "-KILL", "--", f"-{play.pid}"], check=False)
    play.wait()
    again = site(deployment.inventory, *variables)
    assert again.status == 0, again.output[-4000:]
    once_more = site(deployment.inventory, *variables)
    assert once_more.status == 0, once_more.output[-4000:]
    assert not any(once_more.changed.values()), once_more.output[-4000:]
