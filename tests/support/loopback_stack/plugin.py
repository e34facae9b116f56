# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pytest plugin: option ``--temporal-version``, session fixtures ``postgres_server`` and ``temporal_stack``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from . import postgres as postgres_module
from . import stack
from .binaries import DEFAULT_VERSION


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of the server version."""
    parser.addoption(
        "--temporal-version",
        default=DEFAULT_VERSION,
        help="Temporal Server version of the fixture temporal_stack (default: %(default)s).",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Name the version under test at the top of the report."""
    return f"temporal server: {config.getoption('--temporal-version')}"


@pytest.fixture(scope="session")
def loopback_directory() -> Iterator[Path]:
    """The directory of everything that the stack writes."""
    with stack.work_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def postgres_server(loopback_directory: Path) -> Iterator[postgres_module.PostgresServer]:
    """A running PostgreSQL; ``dsn`` is the superuser's, ``create_database(name, owner)`` gives own ones."""
    with postgres_module.postgres_server(loopback_directory) as server:
        yield server


@pytest.fixture(scope="session")
def temporal_stack(
    request: pytest.FixtureRequest, loopback_directory: Path, postgres_server: postgres_module.PostgresServer
) -> Iterator[stack.TemporalStack]:
    """A healthy Temporal Server: ``address``, ``http_url``, ``version``, ``config_path``, ``restart()``."""
    version = str(request.config.getoption("--temporal-version"))
    with stack.temporal_stack(postgres_server, loopback_directory, version) as running:
        yield running
