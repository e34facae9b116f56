# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for the variables of the role ``images``."""

from __future__ import annotations

import re
import typing as t

COMPONENTS = ("server", "ui", "worker", "postgres")
_METHODS = ("archive", "source")
# Repository and host, as the OCI distribution specification and Docker's reference grammar allow them.
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*\Z")
_REGISTRY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*\Z")


def problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    """Return what is wrong with the variables, one text for each problem; of a secret only whether it is set.

    ``settings`` has the keys components, base, repository, install_method, server_version, ui_version, registry,
    registry_username, registry_password_is_set and archive_directory; ``versions`` of it is the version data of the
    role ``runtime``.
    """
    found = []
    components = settings["components"]
    unknown = [name for name in components if name not in COMPONENTS]
    if unknown or not components:
        found.append("images_components is %r: name some of %s." % (list(components), ", ".join(COMPONENTS)))
    if not str(settings["base"]).strip():
        found.append("images_base is empty: name a Debian image, for example debian:bookworm-slim.")
    if settings["install_method"] not in _METHODS:
        found.append(
            "images_install_method is %r: an image is made with archive or source. Binaries that are installed on a "
            "host already (preinstalled) do not reach the control node." % settings["install_method"]
        )
    if not _REPOSITORY.match(str(settings["repository"])):
        found.append(
            "images_repository is %r: use small letters and digits with . _ - and / between them, without a tag."
            % settings["repository"]
        )
    return found + _version_problems(settings) + _target_problems(settings)


def _version_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    found = []
    for name in ("server", "ui"):
        version, known = str(settings[name + "_version"]), settings["versions"][name]
        if version not in known:
            retracted = settings["versions"]["retracted"].get(version, "") if name == "server" else ""
            found.append(
                "images_%s_version is %r: %s."
                % (name, version, retracted or "not known; take one of " + ", ".join(sorted(known)))
            )
    return found


def _target_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    found = []
    registry = str(settings["registry"])
    if registry and not _REGISTRY.match(registry):
        found.append(
            "images_registry is %r: give host, host:port or host:port/path, without a scheme such as https://."
            % registry
        )
    login = {
        "images_registry_username": bool(settings["registry_username"]),
        "images_registry_password": bool(settings["registry_password_is_set"]),
    }
    if any(login.values()):
        found += [
            "%s is empty: set both the username and the password of the registry, or neither of them." % name
            for name, given in login.items()
            if not given
        ]
        if not registry:
            found.append("images_registry is empty, though there is a login for it: name the registry.")
    directory = str(settings["archive_directory"])
    if directory and not directory.startswith("/"):
        found.append("images_archive_directory is %r: give an absolute path on the control node." % directory)
    return found
