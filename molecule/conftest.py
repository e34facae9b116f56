# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of every scenario share: the inventory as data, and the passwords that must not leak."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The diagnosis comes last: its tests clear the journal and plant secrets there, which others look for."""
    items.sort(key=lambda item: item.path.name == "test_diagnose.py")


@dataclass(frozen=True)
class Deployment:
    """The inventory of the scenario, as Ansible sees it."""

    inventory: Path
    groups: dict[str, list[str]]
    hostvars: dict[str, dict[str, Any]]

    def address(self, group: str, index: int = 0) -> str:
        """Return the address of a group's host."""
        return str(self.hostvars[self.groups[group][index]]["host_address"])

    def addresses(self, group: str) -> list[str]:
        """Return the addresses of all hosts of a group."""
        return [str(self.hostvars[host]["host_address"]) for host in self.groups[group]]

    @property
    def register_url(self) -> str:
        """Where the first worker takes registrations: the API, unless they have a port of their own."""
        port = self.hostvars[self.groups["temporal_worker"][0]].get("temporal_worker_register_port", 3000)
        return f"http://{self.address('temporal_worker')}:{port}/register-workflow"


def _inventory() -> Path:
    return Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "inventory"


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    inventory = _inventory()
    listing = subprocess.run(
        ["ansible-inventory", "--inventory", str(inventory), "--list"],
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    data = json.loads(listing.stdout)
    groups = {name: group.get("hosts", []) for name, group in data.items() if name != "_meta"}
    return Deployment(inventory, groups, data["_meta"]["hostvars"])


@pytest.fixture(scope="session")
def credentials() -> dict[str, str]:
    """The generated password of every login, read from where the run left them on the control node."""
    directory = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "credentials"
    found = {path.name: path.read_text(encoding="utf-8").strip() for path in directory.iterdir()}
    assert set(found) == {"temporal", "temporal_visibility", "aegis"}
    assert all(len(password) == 32 for password in found.values())
    return found
