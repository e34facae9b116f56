# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin: options, and the fixtures that tests ask for."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .report import Report, Row, VerificationError, verify


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this plugin."""
    group = parser.getgroup("aegis.temporal", "verification of a Temporal deployment")
    group.addoption(
        "--temporal-inventory",
        type=Path,
        metavar="PATH",
        help="Ansible inventory of the deployment, a file or a directory.",
    )
    group.addoption(
        "--temporal-ansible-args",
        default="",
        metavar="ARGS",
        help='More arguments of ansible-playbook, such as "--vault-password-file ~/.vault --limit workers".',
    )
    group.addoption(
        "--temporal-timeout",
        type=float,
        default=900,
        metavar="SECONDS",
        help="How long the verification may take as a whole. Default: 900.",
    )


@pytest.fixture(scope="session")
def temporal_inventory(pytestconfig: pytest.Config) -> Path:
    """The inventory that was named on the command line."""
    path: Path | None = pytestconfig.getoption("--temporal-inventory")
    if path is None:
        pytest.fail("Name the inventory of the deployment: --temporal-inventory PATH.", pytrace=False)
    if not path.exists():
        pytest.fail(f"--temporal-inventory {path}: there is no such file or directory.", pytrace=False)
    return path.resolve()


@pytest.fixture(scope="session")
def temporal_report(
    request: pytest.FixtureRequest, temporal_inventory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Report:
    """What the verification found. It runs once, and only the checks that the chosen tests ask for."""
    config = request.config
    try:
        return verify(
            temporal_inventory,
            tmp_path_factory.mktemp("verification"),
            tags=_tags(request.session.items),
            arguments=shlex.split(config.getoption("--temporal-ansible-args")),
            timeout=config.getoption("--temporal-timeout"),
        )
    except VerificationError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def temporal_check(temporal_report: Report) -> Callable[..., list[Row]]:
    """Asserts that a check passed, on every host or on one: C(temporal_check("pollers")). Returns its rows."""

    def check(name: str, host: str | None = None) -> list[Row]:
        rows = temporal_report.of(name, host)
        where = "" if host is None else f" on {host}"
        if not rows:
            known = ", ".join(sorted({row.id for row in temporal_report.rows}))
            pytest.fail(f"The report has no check '{name}'{where}; it has {known}.", pytrace=False)
        bad = [row for row in rows if row.result != "passed"]
        if bad:
            pytest.fail("\n".join(map(str, bad)), pytrace=False)
        return rows

    return check


@pytest.fixture(scope="session")
def temporal_hosts(temporal_inventory: Path) -> Callable[[str], list[Any]]:
    """Gives testinfra's hosts of a group of the inventory: C(temporal_hosts("temporal_worker"))."""

    def hosts(group: str) -> list[Any]:
        # Only those who ask for hosts need pytest-testinfra.
        import testinfra  # type: ignore[import-untyped,unused-ignore]

        found: list[Any] = testinfra.get_hosts([f"ansible://{group}"], ansible_inventory=str(temporal_inventory))
        if not found:
            pytest.fail(f"The inventory {temporal_inventory} has no host in '{group}'.", pytrace=False)
        return found

    return hosts


def _tags(items: list[pytest.Item]) -> list[str]:
    """Return the tags of the checks that the chosen tests are about; none, which means all, when one asks for more."""
    checks: list[str] = []
    for item in items:
        if "temporal_report" not in getattr(item, "fixturenames", ()):
            continue
        callspec = getattr(item, "callspec", None)
        check = None if callspec is None else callspec.params.get("temporal_check_id")
        if check is None:
            return []
        checks.append(f"verify_{check}")
    return checks
