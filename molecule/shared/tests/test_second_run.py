# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode after the deployment finds nothing to do, and no run ever shows a secret."""

from __future__ import annotations

import re
import subprocess

from conftest import REPOSITORY

RECAP = re.compile(r"^(?P<host>\S+)\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)\s+unreachable=0\s+failed=0", re.MULTILINE)


def _site(deployment, *options: str) -> str:
    run = subprocess.run(
        ["ansible-playbook", "--inventory", str(deployment.inventory), "site.yml", *options],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )
    output = run.stdout + run.stderr
    assert run.returncode == 0, output[-4000:]
    return output


def test_check_mode_after_the_deployment_changes_nothing_and_shows_no_secret(deployment, credentials):
    output = _site(deployment, "--check", "--diff", "-vvv")
    recap = {match["host"]: int(match["changed"]) for match in RECAP.finditer(output)}
    assert set(recap) >= set(deployment.groups["temporal"] + deployment.groups["temporal_worker"])
    assert not any(recap.values()), recap
    for login, password in credentials.items():
        assert password not in output, f"the password of {login} is in the output of -vvv --diff"
