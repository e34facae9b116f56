# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of images and of the compose export share: a base, and names of their own."""

from __future__ import annotations

import re
import uuid

import pytest
from container_testing import COMPONENTS, docker, playbook, run


@pytest.fixture(scope="session")
def base():
    """The image that tools/host_image.sh made the test hosts from."""
    for name in ("aegis-temporal-base:bookworm", "debian:bookworm-slim"):
        if run("docker", "image", "inspect", name, check=False).returncode == 0:
            return name
    pytest.fail("No base image: run tools/bootstrap.sh images first.")


@pytest.fixture(scope="session")
def unique():
    """A word in the names of everything that these tests start, so that it is told from others'."""
    return f"aegis-test-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def repository(unique):
    """A repository of our own, so that images of the machine's user stay what they are."""
    name = f"{unique}/temporal"
    yield name
    everything = docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    # Also those that were given a registry's name.
    docker("rmi", "--force", *(image for image in everything if f"{unique}/" in image))


@pytest.fixture(scope="session")
def variables(repository, base, tmp_path_factory):
    return {
        "images_base": base,
        "images_repository": repository,
        "images_install_method": "source",
        "images_archive_directory": str(tmp_path_factory.mktemp("archives")),
    }


@pytest.fixture(scope="session")
def made(variables):
    checked = playbook("images", "--check", variables=variables)
    assert checked.count("Would build") == len(COMPONENTS)
    assert docker("images", "--quiet", "--filter", f"reference={variables['images_repository']}/*") == ""
    output = playbook("images", variables=variables)
    found = re.findall(rf"image: ({variables['images_repository']}/\w+:\S+)", output)
    return {name.split("/")[-1].split(":")[0]: name for name in found}
