#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module release: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Install a version of a component beside the others and make it the current one
version_added: 0.1.0
description:
  - Installs a component into C(<root>/<component>/<version>-<first 8 digits of the sha256>) and points the link
    C(current) beside it to that directory, atomically. The release that was current before stays, as C(previous), and
    so does the one that was last confirmed; older ones are removed.
  - Every file of a release is recorded. A release that is half installed or was changed is installed anew.
  - The module is called in two steps, so that a tarball travels only when it is needed. Without O(archive), a release
    that is missing is reported by RV(archive_needed), and the directory RV(incoming) is made for it. With O(archive),
    the tarball is verified, installed and removed.
author:
  - The aegis.temporal developers (@aegis-temporal)
requirements:
  - The Debian package python3-venv, for O(kind=wheelhouse)
attributes:
  check_mode:
    description: Reports what would be installed or linked, and changes nothing.
    support: full
  diff_mode:
    description: Shows the current release before and after, and what was wrong with a broken one.
    support: full
options:
  root:
    description: Directory of all components.
    type: path
    default: /opt/aegis-temporal
  component:
    description: Directory name of the component, for example V(temporal-server).
    type: str
    required: true
  state:
    description:
      - V(absent) removes the component with all its releases.
      - V(confirmed) notes with the link C(confirmed) that the current release works. It is for the moment when the
        service was seen to do its work with it.
      - V(returned) makes the release that was last confirmed the current one again. It is for going back from a release
        that does not work, also after the run that made it the current one was killed.
    type: str
    choices: [present, absent, confirmed, returned]
    default: present
  version:
    description: Version of the release. Needed for O(state=present).
    type: str
  kind:
    description:
      - V(binaries) is a tarball of the module M(aegis.temporal.artifact), with C(bin/) inside.
      - V(wheelhouse) is a tarball with C(requirements.txt), hashes included, and wheels; a virtual environment is made
        of it, and its console scripts are linked into C(bin/).
      - V(preinstalled) links to binaries that the host already has.
      - V(image) notes which image of Docker Engine the release is, in C(image.env), and takes O(binaries) out of it. An
        image that the host lacks is reported by RV(archive_needed).
    type: str
    choices: [binaries, wheelhouse, preinstalled, image]
    default: binaries
  sha256:
    description:
      - Expected sha256 of the tarball. May be empty in check mode only, where the tarball may not exist yet.
    type: str
    default: ''
  archive:
    description: The tarball on the host. It is verified before it is unpacked, and removed when it is installed.
    type: path
  preinstalled_path:
    description: Directory of the binaries, for O(kind=preinstalled).
    type: path
  binaries:
    description:
      - From our name of a binary to upstream's, for O(kind=preinstalled). Either name is accepted.
      - For O(kind=image), from the name of a binary to the image that has it in C(/usr/local/bin). It is copied to
        C(bin/) of the release, for what the host itself has to run.
    type: dict
    default: {}
  image:
    description: Name of the image, with a tag or a digest, for O(kind=image).
    type: str
  activate:
    description: Whether the release becomes the current one. V(false) prepares it only.
    type: bool
    default: true
  python:
    description: Interpreter of the virtual environment, for O(kind=wheelhouse).
    type: path
    default: /usr/bin/python3
  timeout:
    description: Seconds for making the virtual environment, and for installing into it.
    type: int
    default: 600
seealso:
  - module: aegis.temporal.artifact
"""

EXAMPLES = r"""
- name: See whether the release is there
  aegis.temporal.release:
    component: temporal-server
    version: 1.32.2
    sha256: "{{ artifact.sha256 }}"
  register: release

- name: Bring the tarball
  ansible.builtin.copy:
    src: "{{ artifact.path }}"
    dest: "{{ release.incoming }}/temporal-server.tar.gz"
    mode: "0600"
  when: release.archive_needed

- name: Install it
  aegis.temporal.release:
    component: temporal-server
    version: 1.32.2
    sha256: "{{ artifact.sha256 }}"
    archive: "{{ release.incoming }}/temporal-server.tar.gz"
  when: release.archive_needed

- name: Note the image of a version, and take out what the host runs itself
  aegis.temporal.release:
    component: temporal-server
    version: 1.32.2
    kind: image
    image: temporalio/server:1.32.2
    binaries:
      temporal-server: temporalio/server:1.32.2
      temporal-sql-tool: temporalio/admin-tools:1.32.2

- name: Note that it works
  aegis.temporal.release:
    component: temporal-worker
    state: confirmed

- name: Go back from a release that does not work
  aegis.temporal.release:
    component: temporal-worker
    state: returned
"""

RETURN = r"""
archive_needed:
  description: Whether the tarball, or the image, must be brought to the host. Nothing was changed then.
  returned: always
  type: bool
incoming:
  description: Directory on the host, readable by root only, for the tarball.
  returned: always
  type: str
  sample: /opt/aegis-temporal/.incoming
directory:
  description: Directory of the release; empty in check mode when its sha256 is not known.
  returned: when not O(state=absent)
  type: str
  sample: /opt/aegis-temporal/temporal-server/1.32.2-6f1ed002
active:
  description: Whether that release is the current one now.
  returned: when not O(state=absent)
  type: bool
containers:
  description: Units of this host that run a container now, of whatever component.
  returned: when O(state=present)
  type: list
  elements: str
  sample: [temporal-ui.service]
switches_provider:
  description:
    - V(container) or V(systemd), when the current release is for the other one of the two and this one becomes current.
  returned: when O(state=present)
  type: str
previous:
  description: Name of the release that was current before; empty if there is none.
  returned: when not O(state=absent)
  type: str
  sample: 1.31.5-0c1d2e3f
confirmed:
  description: Name of the release that was last confirmed; empty if there is none.
  returned: when not O(state=absent)
  type: str
  sample: 1.31.5-0c1d2e3f
problems:
  description: What was wrong with the release before.
  returned: when O(state=present)
  type: list
  elements: str
  sample: ["bin/temporal-server was changed"]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import release_manager
from ansible_collections.aegis.temporal.plugins.module_utils.release_store import ReleaseError, Store

ARGUMENTS = {
    "root": {"type": "path", "default": "/opt/aegis-temporal"},
    "component": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent", "confirmed", "returned"], "default": "present"},
    "version": {"type": "str"},
    "kind": {"type": "str", "choices": ["binaries", "wheelhouse", "preinstalled", "image"], "default": "binaries"},
    "sha256": {"type": "str", "default": ""},
    "archive": {"type": "path"},
    "preinstalled_path": {"type": "path"},
    "binaries": {"type": "dict", "default": {}},
    "image": {"type": "str"},
    "activate": {"type": "bool", "default": True},
    "python": {"type": "path", "default": "/usr/bin/python3"},
    "timeout": {"type": "int", "default": 600},
}
STATES = {
    "present": release_manager.present,
    "absent": release_manager.absent,
    "confirmed": release_manager.confirmed,
    "returned": release_manager.returned,
}


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[
            ["state", "present", ["version"]],
            ["kind", "preinstalled", ["preinstalled_path", "binaries"]],
            ["kind", "image", ["image"]],
        ],
        supports_check_mode=True,
    )
    # Services run as users of their own and must be able to read what is installed, on hosts with a strict umask too.
    os.umask(0o022)
    options = module.params
    wish = release_manager.Wish(
        store=Store(options["root"], options["component"]),
        version=options["version"],
        kind=options["kind"],
        sha256=options["sha256"],
        archive=options["archive"] or "",
        preinstalled_path=options["preinstalled_path"] or "",
        binaries=options["binaries"],
        image=options["image"] or "",
        activate=options["activate"],
        python=options["python"],
        timeout=options["timeout"],
    )
    try:
        module.exit_json(**STATES[options["state"]](wish, module.check_mode))
    except ReleaseError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
