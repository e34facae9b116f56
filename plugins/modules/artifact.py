#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module artifact: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: artifact
short_description: Make a verified tarball of a component on the control node
version_added: 0.1.0
description:
  - Makes one tarball with the binaries of a component, for one version and architecture, in the user's cache, from
    upstream's release archive or from source. What is there and intact is not made again.
  - Runs on the control node (C(delegate_to) localhost). The module M(aegis.temporal.release) installs the tarball.
  - Nothing unverified is unpacked. An archive must match the given sha256, or the one in upstream's checksum file
    beside it; with neither the module refuses. Sources and all their dependencies are verified by the Go checksum
    database, the Go toolchain by the sha256 of its wheel.
author:
  - The aegis.temporal developers (@aegis-temporal)
requirements:
  - pip, for O(method=source)
attributes:
  check_mode:
    description: Says whether the tarball would be made; makes none and downloads no archive.
    support: full
  diff_mode:
    description: Shows the tarball before and after.
    support: full
options:
  component:
    description: Name of the component, for example V(temporal_server).
    type: str
    required: true
  version:
    description: Version without a leading C(v).
    type: str
    required: true
  arch:
    description: Architecture of the hosts that it is for. The default is this machine's.
    type: str
    choices: [amd64, arm64]
  method:
    description:
      - V(archive) takes upstream's release archive.
      - V(source) compiles the Go module. Cold, the server takes several minutes; progress is in the returned RV(log).
    type: str
    choices: [archive, source]
    default: archive
  definition:
    description:
      - What the component consists of. A row of C(versions.components) in the version data of the role C(runtime).
    type: dict
    required: true
    suboptions:
      module:
        description: Go module path.
        type: str
        required: true
      packages:
        description: From the name of a binary to its Go package inside the module.
        type: dict
        required: true
      archive_binaries:
        description: From the name of a binary to its name in upstream's archive.
        type: dict
        required: true
      archive_format:
        description: V(binary) where upstream publishes the bare file.
        type: str
        choices: [tar.gz, binary]
        required: true
      archive_url:
        description: URL template of upstream's archive, with C({version}) and C({arch}).
        type: str
        required: true
      checksums_url:
        description: URL template of upstream's checksum file; its file name is looked for beside the archive.
        type: str
        required: true
  go:
    description: The pinned toolchain for O(method=source). C(versions.go) in the version data of the role C(runtime).
    type: dict
    suboptions:
      distribution:
        description: Python distribution that carries Go.
        type: str
        required: true
      version:
        description: Its exact version.
        type: str
        required: true
      sha256:
        description: From the machine name of the kernel to the sha256 of the wheel.
        type: dict
        required: true
  archive_url:
    description: URL template that replaces upstream's, for a mirror. http, https or file.
    type: str
    default: ''
  archive_directory:
    description:
      - Directory on the control node that holds upstream's archives under their own names; replaces the URL.
      - The sha256 is taken from C(<archive>.sha256) or upstream's checksum file in it.
    type: path
  archive_sha256:
    description: Expected sha256 of the archive. Wins over any checksum file.
    type: str
    default: ''
  cache:
    description:
      - Cache directory. The default is the environment variable E(AEGIS_TEMPORAL_CACHE), else
        C($XDG_CACHE_HOME/aegis-temporal), else C(~/.cache/aegis-temporal).
    type: path
  timeout:
    description: Seconds that each step (a download, a compilation, waiting for another process) may take.
    type: int
    default: 3600
seealso:
  - module: aegis.temporal.release
"""

EXAMPLES = r"""
- name: Make the server's tarball from source
  aegis.temporal.artifact:
    component: temporal_server
    version: "{{ versions.default.server }}"
    method: source
    definition: "{{ versions.components.temporal_server }}"
    go: "{{ versions.go }}"
  delegate_to: localhost
  register: artifact

- name: Make it from an archive on a mirror, verified by a known hash
  aegis.temporal.artifact:
    component: temporal_server
    version: 1.32.2
    arch: arm64
    definition: "{{ versions.components.temporal_server }}"
    archive_url: https://mirror.example.com/temporal/{version}/temporal_{version}_linux_{arch}.tar.gz
    archive_sha256: "{{ known_sha256 }}"
  delegate_to: localhost
"""

RETURN = r"""
path:
  description: The tarball on the control node; empty in check mode when it is not there.
  returned: always
  type: str
  sample: /home/ops/.cache/aegis-temporal/artifacts/temporal_server-1.32.2-linux-amd64-0a6fcbbaa8e6.tar.gz
sha256:
  description: Its sha256; empty in check mode when it is not there.
  returned: always
  type: str
  sample: 6f1ed002ab5595859014ebf0951522d9f6ee46a4d0dbf7c4b6a2a3e3d9d3f6a1
sidecar:
  description: What is in it, what it was built with and where it comes from.
  returned: always
  type: dict
log:
  description: What was done, line by line.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import (
    artifact_model,
    artifact_source,
    artifact_store,
)

DEFINITION = {
    "module": {"type": "str", "required": True},
    "packages": {"type": "dict", "required": True},
    "archive_binaries": {"type": "dict", "required": True},
    "archive_format": {"type": "str", "choices": ["tar.gz", "binary"], "required": True},
    "archive_url": {"type": "str", "required": True},
    "checksums_url": {"type": "str", "required": True},
}
GO = {
    "distribution": {"type": "str", "required": True},
    "version": {"type": "str", "required": True},
    "sha256": {"type": "dict", "required": True},
}
ARGUMENTS = {
    "component": {"type": "str", "required": True},
    "version": {"type": "str", "required": True},
    "arch": {"type": "str", "choices": ["amd64", "arm64"]},
    "method": {"type": "str", "choices": ["archive", "source"], "default": "archive"},
    "definition": {"type": "dict", "required": True, "options": DEFINITION},
    "go": {"type": "dict", "options": GO},
    "archive_url": {"type": "str", "default": ""},
    "archive_directory": {"type": "path"},
    "archive_sha256": {"type": "str", "default": ""},
    "cache": {"type": "path"},
    "timeout": {"type": "int", "default": 3600},
}


def make(options, check_mode, progress):
    """Return the artifact, or None if it would be made in check mode, and whether something changes."""
    component = artifact_model.Component.from_row(options["component"], options["definition"])
    target = artifact_model.Target(component, options["version"], options["arch"] or artifact_model.architecture())
    cache = options["cache"] or artifact_model.default_cache()
    if options["method"] == "source":
        method = artifact_source.Go(**options["go"])
    else:
        method = artifact_store.Archive(
            options["archive_url"], options["archive_directory"] or "", options["archive_sha256"]
        )
    if check_mode:
        found = artifact_store.find(cache, target, method)
        return found, found is None
    return artifact_store.ensure(cache, target, method, progress, options["timeout"])


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS, required_if=[["method", "source", ["go"]]], supports_check_mode=True
    )
    log = []
    try:
        artifact, changed = make(module.params, module.check_mode, log.append)
    except artifact_model.ArtifactError as error:
        module.fail_json(msg=str(error), log=log)
    path = artifact.path if artifact else ""
    name = path or "%s %s, to be made" % (module.params["component"], module.params["version"])
    module.exit_json(
        changed=changed,
        path=path,
        sha256=artifact.sha256 if artifact else "",
        sidecar=artifact.sidecar if artifact else {},
        log=log,
        diff={"before": "" if changed else name + "\n", "after": name + "\n"},
    )


if __name__ == "__main__":
    main()
