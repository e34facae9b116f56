# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pytest plugin: what becomes of a report, and of a run that wrote none.

The program in place of ansible-playbook writes a report made by the module's own code; a real run is a test of the
scenario `default`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.verify_catalogue import CHECKS, IDS
from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import rows

pytest_plugins = ["pytester"]

EXTENSION = Path(__file__).resolve().parents[3] / "extensions" / "pytest"
# Writes $REPORT where it is told to, and its own arguments beside it.
PROGRAM = f"""#!{sys.executable}
import json, os, pathlib, sys, time
pathlib.Path(os.environ["ARGUMENTS"]).write_text(json.dumps(sys.argv[1:]))
time.sleep(float(os.environ.get("NEEDS", "0")))
if "REPORT" in os.environ:
    wanted = json.loads(sys.argv[sys.argv.index("--extra-vars") + 1])
    pathlib.Path(wanted["verify_report_path"]).write_text(os.environ["REPORT"])
    sys.exit(int(os.environ["STATUS"]))
print("fatal: the inventory is broken")
sys.exit(4)
"""


class Runner:
    """Runs pytest with the plugin in a process of its own, as a user does."""

    def __init__(self, directory: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pytester = directory
        self._patch = monkeypatch
        self.arguments = directory.path / "arguments.json"
        programs = directory.mkdir("programs")
        (programs / "ansible-playbook").write_text(PROGRAM)
        (programs / "ansible-playbook").chmod(0o755)
        directory.mkdir("inventory")
        monkeypatch.setenv("PATH", str(programs), prepend=":")
        monkeypatch.setenv("PYTHONPATH", str(EXTENSION))
        # What else is installed here takes long to load and is none of this plugin's business.
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        monkeypatch.setenv("ARGUMENTS", str(self.arguments))

    def report(self, failing: Sequence[str] = ()) -> None:
        """Let the verification find that these checks fail."""
        checks: list[dict[str, Any]] = [
            {
                "id": check.id,
                "name": check.name,
                "host": "one",
                "result": {"failed": True, "msg": f"{check.id} is broken"} if check.id in failing else {"elapsed": 0.5},
                "detail": "",
                "needs": list(check.needs),
                "local": check.each,
                "cause": check.cause,
                "fix": check.fix,
            }
            for check in CHECKS
            if check.group != "ui"
        ]
        self._patch.setenv("STATUS", "2" if failing else "0")
        self._patch.setenv("REPORT", json.dumps({"title": "a report", "checks": rows(checks)}))

    def run(self, *arguments: str, inventory: str | None = "inventory") -> pytest.RunResult:
        """Run pytest with the plugin."""
        given = [] if inventory is None else ["--temporal-inventory", inventory]
        return self._pytester.runpytest_subprocess("-p", "aegis_temporal_verify.plugin", *given, *arguments)

    def verify(self, *arguments: str, inventory: str | None = "inventory") -> pytest.RunResult:
        """Run the tests of the package."""
        return self.run("--pyargs", "aegis_temporal_verify", *arguments, inventory=inventory)


@pytest.fixture
def runner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(pytester, monkeypatch)


def test_every_check_is_a_test_and_one_without_hosts_says_so(runner: Runner) -> None:
    runner.report()
    result = runner.verify("-rs")
    without = sum(check.group == "ui" for check in CHECKS)
    result.assert_outcomes(passed=len(IDS) - without, skipped=without)
    result.stdout.fnmatch_lines(["*the inventory has no hosts for it*"])


def test_a_failure_tells_cause_and_fix_and_what_it_explains_is_skipped_by_name(runner: Runner) -> None:
    runner.report(failing=["workers"])
    result = runner.verify("-rs", "-k", "workers or pollers or namespaces")
    result.assert_outcomes(failed=1, passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*every worker is healthy on one: failed: workers is broken*",
            "*likely cause: A worker is stopped*",
            "*fix: Look at*",
            "*every worker polls its task queue on one: blocked: blocked by every worker is healthy*",
        ]
    )


def test_only_the_chosen_checks_run(runner: Runner) -> None:
    runner.report()
    runner.verify("-k", "pollers or ring").assert_outcomes(passed=2)
    given = json.loads(runner.arguments.read_text())
    assert given[given.index("--tags") + 1] == "verify_ring,verify_pollers"


def test_own_tests_use_the_report_and_then_all_checks_run(runner: Runner, pytester: pytest.Pytester) -> None:
    runner.report(failing=["ring"])
    pytester.makepyfile(
        """
        def test_pollers(temporal_check):
            assert temporal_check("pollers")[0].host == "one"

        def test_ring(temporal_check):
            temporal_check("ring")

        def test_unknown(temporal_check):
            temporal_check("rings")
        """
    )
    result = runner.run("--temporal-ansible-args", "--limit 'a b'")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*ring is broken*", "*The report has no check 'rings'; it has*"])
    given = json.loads(runner.arguments.read_text())
    assert "--tags" not in given
    assert given[given.index("--limit") + 1] == "a b"


def test_testinfra_s_hosts_come_from_the_inventory(runner: Runner, pytester: pytest.Pytester) -> None:
    (pytester.path / "inventory" / "hosts.ini").write_text("[temporal_worker]\nhere ansible_connection=local\n")
    pytester.makepyfile(
        """
        def test_here(temporal_hosts):
            (host,) = temporal_hosts("temporal_worker")
            assert host.file("/").is_directory

        def test_nobody(temporal_hosts):
            temporal_hosts("nobody")
        """
    )
    result = runner.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*has no host in 'nobody'*"])


@pytest.mark.parametrize(
    ("inventory", "told"),
    [
        (None, "Name the inventory of the deployment: --temporal-inventory PATH."),
        ("nowhere", "--temporal-inventory nowhere: there is no such file or directory."),
        ("inventory", "aegis.temporal.verify ended with status 4 and wrote no report:"),
    ],
)
def test_without_a_report_nothing_passes(runner: Runner, inventory: str | None, told: str) -> None:
    result = runner.verify("-k", "pollers", inventory=inventory)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{told}*"])


def test_a_run_that_failed_while_no_check_did_passes_nothing(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.report()
    monkeypatch.setenv("STATUS", "4")
    result = runner.verify("-k", "pollers")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*No check failed, but aegis.temporal.verify ended with status 4:*"])


def test_a_run_that_takes_too_long_is_ended(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEEDS", "60")
    result = runner.verify("-k", "pollers", "--temporal-timeout", "0.5")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*took longer than the 0.5 s of --temporal-timeout*"])


def test_a_report_of_another_version_is_refused(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUS", "0")
    monkeypatch.setenv("REPORT", json.dumps({"title": "a report", "checks": [{"id": "pollers"}]}))
    result = runner.verify("-k", "pollers")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*none of this version of the collection*"])
