#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module that reads certificates for a diagnosis."""

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnose_certificates
short_description: Read the certificates that a service uses
version_added: 0.1.0
author:
  - The aegis.temporal developers (!UNKNOWN)
description:
  - Reads dates, names and usages of certificates, compares each with its key, and tries whether the service's user may
    read the files. No key leaves the host.
  - Changes nothing.
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.read_only
options:
  certificates:
    description: What to read.
    type: list
    elements: dict
    required: true
    suboptions:
      label:
        description: What it is for.
        type: str
        required: true
      cert:
        description: Path of the certificate in PEM.
        type: str
        required: true
      key:
        description: Path of its key, empty for an authority.
        type: str
        default: ""
      usages:
        description: The usages that it needs.
        type: list
        elements: str
        default: []
      name:
        description: The name that clients expect, empty for any.
        type: str
        default: ""
      user:
        description: The user of the service.
        type: str
        required: true
  timeout:
    description: Seconds that one command may take.
    type: float
    default: 15.0
requirements:
  - openssl (command, on the host)
"""

EXAMPLES = r"""
- name: Read the internode certificate
  aegis.temporal.diagnose_certificates:
    certificates:
      - label: internode
        cert: /etc/temporal/tls/internode.pem
        key: /etc/temporal/tls/internode.key
        usages: [serverAuth, clientAuth]
        user: temporal
"""

RETURN = r"""
certificates:
  description: What was found, in the order of O(certificates).
  returned: success
  type: list
  elements: dict
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import unit_systemd
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_certificates import examine


def main():
    """Run the module."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "certificates": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "label": text,
                    "cert": text,
                    # A path.
                    "key": {"type": "str", "default": "", "no_log": False},
                    "usages": {"type": "list", "elements": "str", "default": []},
                    "name": {"type": "str", "default": ""},
                    "user": text,
                },
            },
            "timeout": {"type": "float", "default": 15.0},
        },
        supports_check_mode=True,
    )

    def run(argv):
        try:
            return unit_systemd.run(argv, module.params["timeout"])
        except unit_systemd.UnitError as error:
            return 127, "", str(error)

    now = time.time()
    found = [examine(item, item["user"], now, run) for item in module.params["certificates"]]
    module.exit_json(changed=False, certificates=found)


if __name__ == "__main__":
    main()
