# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of this collection with another version of the worker in it, as a user gets it with the next release."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from playbook import REPOSITORY

_WORKER = Path("roles/temporal_worker/files/aegis_temporal_worker")


@dataclass(frozen=True)
class Collection:
    """A collection on disk."""

    root: Path

    def playbook(self, name: str) -> str:
        """Return the path of one of its playbooks."""
        return str(self.root / "playbooks" / f"{name}.yml")

    @property
    def environment(self) -> dict[str, str]:
        """What makes Ansible use this one."""
        return {"ANSIBLE_COLLECTIONS_PATH": str(self.root.parents[2])}


def newer_collection(directory: Path, worker_version: str, first_line: str = "") -> Collection:
    """Copy what is under version control into ``directory``; the worker's program begins with ``first_line``."""
    root = directory / "ansible_collections" / "aegis" / "temporal"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        source = REPOSITORY / name
        if source.is_symlink() or not source.is_file():
            continue
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, root / name)
    project = root / _WORKER / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    changed = text.replace('\nversion = "0.1.0"\n', f'\nversion = "{worker_version}"\n')
    assert changed != text, "the worker's version is not where it is looked for"
    project.write_text(changed, encoding="utf-8")
    program = root / _WORKER / "src" / "aegis_temporal_worker" / "service.py"
    if first_line:
        lines = program.read_text(encoding="utf-8").replace(
            "from __future__ import annotations\n", f"from __future__ import annotations\n\n{first_line}\n", 1
        )
        program.write_text(lines, encoding="utf-8")
    return Collection(root)
