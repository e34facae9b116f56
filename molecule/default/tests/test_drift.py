# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drift.yml finds nothing on a fresh deployment, and what somebody changed beside the inventory."""

from __future__ import annotations

import pytest
from playbook import playbook

testinfra_hosts = ["ansible://temporal_ui"]
DRIFT = "playbooks/drift.yml"
PATH = "/etc/temporal-ui/config.yaml"


def test_a_fresh_deployment_has_no_drift(deployment):
    run = playbook(DRIFT, deployment.inventory)
    assert run.status == 0, run.output[-4000:]
    assert not any(run.changed.values()), run.changed


@pytest.fixture
def edited(host):
    """A configuration file that somebody edits by hand, and puts back as it was."""
    copy = f"{PATH}.before"
    host.check_output(f"cp --archive {PATH} {copy}")
    host.check_output(f"printf '\\n# edited by hand\\n' >> {PATH}")
    yield
    host.check_output(f"mv {copy} {PATH}")


def test_a_file_that_was_edited_is_told_with_its_difference_and_left_alone(host, deployment, edited):
    before = host.file(PATH).sha256sum
    run = playbook(DRIFT, deployment.inventory)
    assert run.status != 0
    assert "# edited by hand" in run.output
    assert "difference(s) between the inventory and what is live" in run.message
    assert host.file(PATH).sha256sum == before
