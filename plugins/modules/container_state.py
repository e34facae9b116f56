#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module container_state: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_state
short_description: Tell what a host has of a service that is to run in containers
version_added: 0.1.0
description:
  - Looks at Docker Engine, the image, the containers of the service and the systemd unit of the same name, in one call.
  - Also works on a host without Docker, and says so in RV(engine); it does not fail because of it.
author:
  - The aegis.temporal developers (@aegis-temporal)
attributes:
  check_mode:
    description: Can run in check mode and return what it would return without it.
    support: full
  diff_mode:
    description: Never changes anything, so there is no difference to show.
    support: none
options:
  service:
    description: Name of the service, as the role P(aegis.temporal.runtime#role) has it.
    type: str
    required: true
  image:
    description: Name of the image to look for, with a tag or a digest. None is looked for when empty.
    type: str
    default: ""
seealso:
  - module: aegis.temporal.container_files
  - module: aegis.temporal.container_health
"""

EXAMPLES = r"""
- name: Look at the host
  aegis.temporal.container_state:
    service: temporal-server
    image: temporalio/server:1.32.2
  register: state
"""

RETURN = r"""
engine:
  description: What runs containers on this host.
  returned: always
  type: dict
  contains:
    version:
      description: Version of Docker Engine; empty when none answers.
      type: str
      sample: 20.10.24+dfsg1
    problem:
      description: Why none answers; empty when one does.
      type: str
      sample: docker is not on this host
    has_library:
      description: Whether the Python library C(requests) is there, which the modules of C(community.docker) need.
      type: bool
      sample: true
image_id:
  description: Id of the image on this host; empty when it is not there.
  returned: always
  type: str
  sample: sha256:0795ed4ddb9000000000000000000000000000000000000000000000000000
containers:
  description: Containers that were started for the service.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the container.
      type: str
      sample: temporal-server
    status:
      description: Docker's word for its state.
      type: str
      sample: running
    configuration:
      description: What it was started with, from its label.
      type: str
      sample: 0f1e2d3c4b5a6978-1a2b3c4d5e6f7081
    image:
      description: Name of its image.
      type: str
      sample: temporalio/server:1.32.2
unit:
  description: Whether a systemd unit of the service is on this host.
  returned: always
  type: bool
  sample: false
"""

import importlib.util
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils.container_engine import Engine
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import SYSTEM_UNITS, UnitError

ARGUMENTS = {
    "service": {"type": "str", "required": True},
    "image": {"type": "str", "default": ""},
}


def look(engine, service, image):
    """Return what RETURN documents."""
    version, problem = engine.version()
    containers = engine.of_service(service) if version else []
    return {
        "engine": {
            "version": version,
            "problem": problem,
            "has_library": importlib.util.find_spec("requests") is not None,
        },
        "image_id": engine.image_id(image) if version and image else "",
        "containers": [container._asdict() for container in containers],
        "unit": os.path.exists("%s/%s.service" % (SYSTEM_UNITS, service)),
    }


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = look(Engine(), module.params["service"], module.params["image"])
    except UnitError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
