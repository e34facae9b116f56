#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_entries
short_description: Give several hosts one name in a host's hosts file
version_added: 0.1.0
author:
  - The aegis.temporal developers (@aegis-temporal)
description:
  - Keeps a marked block with one line per address in C(/etc/hosts), so that one name stands for all frontends of a
    Temporal cluster. A client that loses the frontend it is connected to connects to the next address of the name.
  - Names among O(addresses) are resolved on the host when the module runs, and what they stand for then is written.
  - Addresses of the host itself come first. A resolver may put them into another order.
  - Lines outside of the block are left as they are. A line there that gives the same name is refused.
  - Needs nothing but Python on the host.
attributes:
  check_mode:
    description: Can run in check mode and return what it would return without it.
    support: full
  diff_mode:
    description: Shows the file before and after.
    support: full
options:
  name:
    description: The name, such as V(temporal-frontend). Required with O(addresses); without them it does not matter.
    type: str
  addresses:
    description:
      - What the name stands for, as IP addresses or names that the host can resolve.
      - An empty list removes the block.
    type: list
    elements: str
    required: true
  marker:
    description:
      - What tells the block from others in the file. A block with another O(name) is found by it and replaced.
    type: str
    default: temporal-frontend
  path:
    description:
      - The hosts file. It has to exist, and its mode and owner stay.
      - Where it cannot be replaced, because it is mounted into a container, it is written in place.
    type: path
    default: /etc/hosts
seealso:
  - module: ansible.builtin.blockinfile
"""

EXAMPLES = r"""
- name: Let the frontends have one name
  aegis.temporal.host_entries:
    name: temporal-frontend
    addresses: [192.0.2.11, 192.0.2.12, 192.0.2.13]
  become: true

- name: Take the name away
  aegis.temporal.host_entries:
    addresses: []
  become: true
"""

RETURN = r"""
addresses:
  description: The IP addresses that the name stands for.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.11, 192.0.2.12, 192.0.2.13]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils.host_entries import (
    HostEntriesError,
    addresses_of,
    check_name,
    with_entries,
)

# The file's bytes come back as they were, whatever their encoding.
TEXT = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str"},
            "addresses": {"type": "list", "elements": "str", "required": True},
            "marker": {"type": "str", "default": "temporal-frontend"},
            "path": {"type": "path", "default": "/etc/hosts"},
        },
        supports_check_mode=True,
    )
    name, path = module.params["name"] or "", os.path.realpath(module.params["path"])
    problem = None
    try:
        if module.params["addresses"]:
            check_name(name)
        addresses = addresses_of(module.params["addresses"])
        with open(path, **TEXT) as handle:
            before = handle.read()
        after = with_entries(before, module.params["marker"], name, addresses)
        if after != before and not module.check_mode:
            temporary = os.path.join(module.tmpdir, "hosts")
            with open(temporary, "w", **TEXT) as handle:
                handle.write(after)
            # Mounted into a container, the file cannot be replaced, only written.
            module.atomic_move(temporary, path, unsafe_writes=True)
    except (HostEntriesError, OSError) as error:
        problem = "%s: %s" % (path, error)
    if problem:
        module.fail_json(msg=problem)
    shown = [{"before_header": path, "after_header": path, "before": before, "after": after}]
    module.exit_json(changed=after != before, addresses=addresses, diff=shown if after != before else [])


if __name__ == "__main__":
    main()
