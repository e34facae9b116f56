# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis has nothing to say of a healthy host, names what is broken, and its bundle holds no secret."""

from __future__ import annotations

import json
import tarfile

import pytest
from playbook import playbook

testinfra_hosts = ["ansible://temporal"]
# In no variable of the inventory: only its name gives it away.
PLANTED = "planted-Zq8vK2-secret"
DROP_IN = "/run/systemd/system/temporal-ui.service.d/diagnose.conf"


@pytest.fixture
def diagnose(deployment, tmp_path):
    """Run the playbook; returns the run, its findings by id, and the texts of the bundle by name."""

    def run(*options, **variables):
        findings, bundle = tmp_path / "findings.json", tmp_path / "bundle.tar.gz"
        paths = {"diagnose_findings_path": str(findings), "diagnose_bundle_path": str(bundle)}
        done = playbook("playbooks/diagnose.yml", deployment.inventory, *options, variables={**paths, **variables})
        report = json.loads(findings.read_text(encoding="utf-8"))
        assert {path.stat().st_mode & 0o777 for path in (findings, bundle)} == {0o600}
        with tarfile.open(bundle) as archive:
            texts = {
                member.name.split("/", 1)[1]: archive.extractfile(member).read().decode("utf-8", "replace")
                for member in archive
            }
        return done, {entry["id"]: entry for entry in report["findings"]}, texts

    return run


def test_a_healthy_host_has_no_problem_and_the_bundle_no_secret(host, diagnose, credentials):
    name = host.backend.host
    # Other tests have killed services and stopped the database on purpose, which journal and counters rightly tell.
    host.check_output("journalctl --rotate && journalctl --vacuum-time=1s && systemctl reset-failed")
    run, findings, texts = diagnose("--check", diagnose_fail_on="problem")
    assert run.status == 0, run.output[-4000:]
    assert not any(run.changed.values())
    assert [entry for entry in findings.values() if entry["severity"] == "problem"] == []
    assert f"{name}/journal/temporal-server.service.log" in texts
    for wanted in ("files/etc/temporal/config.yaml", "units/temporal-server.service.cat.txt", "listening.txt"):
        assert len(texts[f"{name}/{wanted}"]) > 100
    assert "summary.txt" in texts and "findings.json" in texts
    assert json.loads(texts["database.json"])["stores"]["default"]["members"]
    for login, password in credentials.items():
        assert password not in run.output
        assert [file for file, text in texts.items() if password in text] == [], login
    assert "password: '[redacted]'" in texts[f"{name}/files/etc/temporal/config.yaml"]


def test_faults_are_found_and_planted_secrets_are_not(host, diagnose, credentials):
    name = host.backend.host
    host.check_output(f"mkdir -p {DROP_IN.rsplit('/', 1)[0]}")
    host.check_output(
        f'printf \'[Service]\\nEnvironment="UI_API_TOKEN={PLANTED}" "PROXY=http://u:{PLANTED}@proxy"\\n\' >{DROP_IN}'
    )
    for line in (f'{{"msg":"x","password":"{PLANTED}"}}', f"Authorization: Bearer {PLANTED}", credentials["temporal"]):
        host.check_output("systemd-run --quiet --wait --unit=temporal-ui-planted echo %s", line)
    host.check_output("systemctl daemon-reload && systemctl stop temporal-ui")
    host.check_output("cp -p /etc/temporal/dynamicconfig.yaml /etc/temporal/dynamicconfig.yaml.kept")
    host.check_output("printf 'frontend.unheardOf:\\n- value: 1\\n' >>/etc/temporal/dynamicconfig.yaml")
    try:
        run, findings, texts = diagnose()
        assert run.status == 0, run.output[-4000:]
        assert findings["unit_down"]["host"] == name
        assert "temporal-ui.service is inactive" in findings["unit_down"]["evidence"]
        assert findings["ui_unhealthy"]["host"] == name
        assert "frontend.unheardOf" in findings["dynamic_config_wrong"]["evidence"]
        assert "UI_API_TOKEN" in texts[f"{name}/units/temporal-ui.service.cat.txt"]
        for secret in (PLANTED, *credentials.values()):
            assert secret not in run.output
            assert [file for file, text in texts.items() if secret in text] == []
        failing, _findings, _texts = diagnose(diagnose_fail_on="problem")
        assert failing.status != 0
        assert "diagnose_fail_on is problem" in failing.message
    finally:
        host.check_output("mv /etc/temporal/dynamicconfig.yaml.kept /etc/temporal/dynamicconfig.yaml")
        host.check_output(f"rm {DROP_IN} && systemctl daemon-reload && systemctl start temporal-ui")
