#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: wheelhouse
short_description: Build the worker's wheelhouses on the control node
version_added: 0.1.0
author:
  - The aegis.temporal developers (@aegis-temporal)
description:
  - Makes one archive for each Python version and architecture among the hosts. It holds the wheel of the worker, built
    here from its sources, the wheels that the hash lock for this Python names, and a C(requirements.txt) that pins all
    of them by SHA-256. A host installs it with C(pip install --no-index --require-hashes) and needs no package index.
  - The archive is kept in a cache under a name that digests all its inputs. What is there is not built again.
  - The same inputs give the same bytes on every machine.
requirements:
  - Python 3.11 or newer with pip on the control node
  - A package index that pip on the control node can reach, while something has to be built
attributes:
  check_mode:
    description: Can run in check mode. It then builds nothing, and tells what it would build.
    support: full
  diff_mode:
    description: The archives are binary, so there is no difference to show.
    support: none
options:
  project:
    description:
      - Directory of the worker's Python project, with C(pyproject.toml) and C(src/). It is only read.
    type: path
    required: true
  locks:
    description:
      - Directory with one hash lock for each Python version, as C(requirements-py311.txt) for Python 3.11, and
        C(requirements-build.txt) for the build backend.
    type: path
    required: true
  targets:
    description:
      - What the hosts are, each as Python version and machine name (C(uname -m)), as in V(3.11-x86_64).
      - Machine names that will do are V(x86_64) and V(aarch64).
    type: list
    elements: str
    required: true
  cache:
    description:
      - The cache directory. The archives go into C(wheelhouse/) below it.
      - When it is not given, it is E(AEGIS_TEMPORAL_CACHE), else C(aegis-temporal) below E(XDG_CACHE_HOME), else
        C(~/.cache/aegis-temporal).
    type: path
  interpreter:
    description:
      - A Python 3.11 or newer with pip, on the control node. When it is not given, it is the one that runs the module.
    type: path
  timeout:
    description: The limit for each call of pip, in seconds.
    type: int
    default: 900
notes:
  - Run it on the control node, with C(delegate_to=localhost).
seealso:
  - module: aegis.temporal.host_preflight
    description: Tells the Python version of a host.
"""

EXAMPLES = r"""
- name: Build what the hosts install
  aegis.temporal.wheelhouse:
    project: "{{ role_path }}/files/aegis_temporal_worker"
    locks: "{{ role_path }}/files/locks"
    targets: [3.11-x86_64, 3.13-x86_64]
  delegate_to: localhost
  run_once: true
  register: wheelhouse

- name: Show where the archive for Python 3.11 is
  ansible.builtin.debug:
    msg: "{{ wheelhouse.wheelhouses['3.11-x86_64'].path }}"
"""

RETURN = r"""
wheelhouses:
  description: One entry for each of O(targets), under its name.
  returned: success
  type: dict
  sample:
    3.11-x86_64:
      path: /home/me/.cache/aegis-temporal/wheelhouse/aegis-temporal-worker-0.1.0-py311-x86_64-0123456789abcdef.tar
      sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
      version: 0.1.0
      built: true
  contains:
    path:
      description: Path of the archive on the control node.
      type: str
    sha256:
      description: Hex SHA-256 of the archive. Empty in check mode when it would have to be built.
      type: str
    version:
      description: Version of the worker in it.
      type: str
    built:
      description: Whether it was built just now, or would be in check mode.
      type: bool
"""

import sys
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils.wheel_pip import WheelhouseError
from ansible_collections.aegis.temporal.plugins.module_utils.wheelhouse import (
    Source,
    build,
    default_cache,
    locate,
)

ARGUMENT_SPEC: dict[str, t.Any] = {
    "project": {"type": "path", "required": True},
    "locks": {"type": "path", "required": True},
    "targets": {"type": "list", "elements": "str", "required": True},
    "cache": {"type": "path"},
    "interpreter": {"type": "path"},
    "timeout": {"type": "int", "default": 900},
}


def wheelhouses(params: t.Mapping[str, t.Any], check_mode: bool) -> dict[str, dict[str, t.Any]]:
    """Return what RETURN documents as ``wheelhouses``, after building what is missing unless in check mode."""
    source = Source(params["project"], params["locks"])
    cache = params["cache"] or default_cache()
    results = {}
    for target in params["targets"]:
        python, _hyphen, architecture = target.partition("-")
        if check_mode:
            wheelhouse = locate(source, python, architecture, cache)
            built = not wheelhouse.sha256
        else:
            interpreter = params["interpreter"] or sys.executable
            wheelhouse, built = build(
                source, python, architecture, cache, interpreter, params["timeout"], lambda line: None
            )
        results[target] = {
            "path": wheelhouse.path,
            "sha256": wheelhouse.sha256,
            "version": wheelhouse.version,
            "built": built,
        }
    return results


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if module.params["timeout"] < 1:
        module.fail_json(msg="timeout is %d: too small. Give 1 second or more." % module.params["timeout"])
    try:
        results = wheelhouses(module.params, module.check_mode)
    except (WheelhouseError, OSError) as error:
        module.fail_json(msg="The wheelhouse cannot be built. %s" % error)
    module.exit_json(changed=any(result["built"] for result in results.values()), wheelhouses=results)


if __name__ == "__main__":
    main()
