# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that the role C(verify) knows, read from the collection that this package belongs to."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_COLLECTION = Path(__file__).resolve().parents[3]


def check_ids() -> tuple[str, ...]:
    """Return the ids of all checks, in the order of the report.

    The file is loaded by its path: C(ansible_collections) need not be importable where pytest runs, and the file
    imports nothing of Ansible.

    Raises:
        FileNotFoundError: This package was taken out of the collection.
    """
    path = _COLLECTION / "plugins" / "module_utils" / "verify_catalogue.py"
    spec = importlib.util.spec_from_file_location("_aegis_temporal_verify_catalogue", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ids: tuple[str, ...] = module.IDS
    return ids
