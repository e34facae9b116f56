# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode after the deployment finds nothing to do, and no run ever shows a secret."""

from __future__ import annotations

from playbook import site


def test_check_mode_after_the_deployment_changes_nothing_and_shows_no_secret(deployment, credentials):
    run = site(deployment.inventory, "--check", "--diff", "-vvv")
    assert run.status == 0, run.output[-4000:]
    assert set(run.changed) >= set(deployment.groups["temporal"] + deployment.groups["temporal_worker"])
    assert not any(run.changed.values()), run.changed
    for login, password in credentials.items():
        assert password not in run.output, f"the password of {login} is in the output of -vvv --diff"
