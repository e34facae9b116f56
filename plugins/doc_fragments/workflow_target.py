# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which workflow a module looks at or acts on."""

from __future__ import annotations


class ModuleDocFragment:
    # Kept in step with module_utils/workflow_target.py.
    DOCUMENTATION = r"""
options:
  namespace:
    description:
      - Namespace of the workflows.
      - Falls back to the environment variable E(TEMPORAL_NAMESPACE).
    type: str
    default: default
  run_id:
    description:
      - Id of one run of O(workflow_id), a UUID. Without it the newest run is meant.
    type: str
"""
