#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module container_files: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_files
short_description: Give containers copies of their files that only their user can read
version_added: 0.1.0
description:
  - Copies the credentials and files of each container into a directory of its own, owned by the user that the container
    runs as, and returns the name of that copy, which changes exactly when their content does.
  - A container whose label names the copy that it was started with is so made anew when a file changed, and by no
    handler that a broken run could lose.
author:
  - The aegis.temporal developers (@aegis-temporal)
attributes:
  check_mode:
    description: Reports what would be done and changes nothing.
    support: full
  diff_mode:
    description: Shows the reasons. Never shows the content of a file.
    support: full
options:
  service:
    description: Name of the service, as the role P(aegis.temporal.runtime#role) has it.
    type: str
    required: true
  state:
    description: V(present) makes the copies. V(absent) removes all copies of the service.
    type: str
    choices: [present, absent]
    default: present
  containers:
    description:
      - The containers. Of each, C(name), C(credentials) (from an id to a file) and C(files) (a list of paths) matter,
        as the filter P(aegis.temporal.containers#filter) returns them.
    type: list
    elements: dict
    default: []
  uid:
    description: Number of the user that the containers run as.
    type: int
  gid:
    description: Number of its group.
    type: int
  in_use:
    description:
      - Copies that running containers may still have mounted, from the name of a container to the name of a copy. They
        stay; others that are not wanted go.
    type: dict
    default: {}
  pending:
    description: Changes that are known to come, used in check mode only, where they are not on disk yet.
    type: list
    elements: str
    default: []
  root:
    description: Directory of all copies.
    type: path
    default: /var/lib/aegis-temporal/containers
seealso:
  - module: aegis.temporal.container_state
"""

EXAMPLES = r"""
- name: Bring the files of the containers
  aegis.temporal.container_files:
    service: temporal-server
    containers: "{{ runtime_service | aegis.temporal.containers }}"
    uid: 998
    gid: 998
  register: files
"""

RETURN = r"""
generations:
  description: Name of the wanted copy of each container. In check mode, one that would be made is called C(new).
  returned: when O(state=present)
  type: dict
  sample: {"temporal-server": "0f1e2d3c4b5a6978"}
directories:
  description: Directory of the wanted copy of each container, with the directories C(credentials) and C(files).
  returned: when O(state=present)
  type: dict
  sample: {"temporal-server": "/var/lib/aegis-temporal/containers/temporal-server/temporal-server/0f1e2d3c4b5a6978"}
reasons:
  description: What was done, or would be in check mode, and why.
  returned: always
  type: list
  elements: str
  sample: ["temporal-server: the credential temporal.yaml changed"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils.container_files import ROOT, FilesError, Store, Wanted

ARGUMENTS = {
    "service": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "containers": {"type": "list", "elements": "dict", "default": []},
    "uid": {"type": "int"},
    "gid": {"type": "int"},
    "in_use": {"type": "dict", "default": {}},
    "pending": {"type": "list", "elements": "str", "default": []},
    "root": {"type": "path", "default": ROOT},
}


def present(store, options, check_mode):
    """Make the copies and return the results that belong to them."""
    wanted = [Wanted(item["name"], item["credentials"], item["files"]) for item in options["containers"]]
    generations = {item.name: store.bring(item) for item in wanted}
    if check_mode and options["pending"]:
        store.reasons += options["pending"]
        generations = dict.fromkeys(generations, "new")
    keep = {name: {generation} for name, generation in generations.items()}
    for name, generation in options["in_use"].items():
        keep.setdefault(name, set()).add(generation)
    if check_mode:
        for name in generations:
            keep[name].add(store.current(name))
    store.remove(store.surplus(keep))
    directories = {name: "%s/%s/%s" % (store.directory, name, generations[name]) for name in generations}
    return {"generations": generations, "directories": directories}


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[["state", "present", ["uid", "gid"]]],
        supports_check_mode=True,
    )
    options = module.params
    store = Store(options["root"], options["service"], options["uid"] or 0, options["gid"] or 0, module.check_mode)
    result = {}
    try:
        if options["state"] == "present":
            result = present(store, options, module.check_mode)
        else:
            store.remove_all()
    except FilesError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="The copies in %s cannot be made: %s" % (store.directory, error))
    after = "".join("%s\n" % reason for reason in store.reasons)
    module.exit_json(changed=bool(store.reasons), reasons=store.reasons, diff={"before": "", "after": after}, **result)


if __name__ == "__main__":
    main()
