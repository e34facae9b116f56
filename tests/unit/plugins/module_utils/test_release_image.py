# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is an image: found by its id, switched by the same link, refused where it is another version."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import release_image, release_manager
from ansible_collections.aegis.temporal.plugins.module_utils.release_store import ReleaseError, Store


class Engine:
    """Docker's command with the images that it is given, from a name to an id and a version."""

    def __init__(self, **images):
        self.images = {name.replace("_", "/") + ":1": answer for name, answer in images.items()}
        self.containers = []
        self.broken = False

    def __call__(self, words, timeout):
        assert timeout > 0
        if words[0] == "image":
            found = [
                {
                    "Id": "sha256:" + identity * 64,
                    "RepoTags": [name],
                    "RepoDigests": [name[:-2] + "@sha256:" + identity * 64],
                    "Config": {"Labels": {release_image.VERSION_LABEL: version}},
                }
                for name, (identity, version) in self.images.items()
                if name in words or name[:-2] + "@sha256:" + identity * 64 in words
            ]
            return (0 if len(found) == len(words) - 2 else 1), json.dumps(found), "No such image"
        if words[0] == "create":
            self.containers.append(words[-1])
            return 0, "container\n", ""
        if words[0] == "cp":
            if self.broken:
                return 1, "", "no such file"
            with open(words[-1], "w", encoding="utf-8") as stream:
                stream.write("from " + self.containers[-1])
            return 0, "", ""
        assert words[0] == "rm", words
        self.containers[-1] += " removed"
        return 0, "", ""


def wish(root, engine, **changes):
    values = {
        "store": Store(str(root), "tool"),
        "version": "1.0",
        "kind": "image",
        "sha256": "",
        "archive": "",
        "preinstalled_path": "",
        "binaries": {"tool": "our/tool:1"},
        "activate": True,
        "python": "",
        "timeout": 60,
        "image": "our/tool:1",
        "engine": engine,
    }
    return release_manager.Wish(**{**values, **changes})


def test_an_image_becomes_the_current_release_once(tmp_path):
    engine = Engine(our_tool=("a", "1.0"))
    done = release_manager.present(wish(tmp_path, engine), check_mode=False)
    assert (done["changed"], done["active"], done["archive_needed"]) == (True, True, False)
    current = tmp_path / "tool/current"
    assert os.readlink(current) == "1.0-aaaaaaaa"
    assert (current / "image.env").read_text() == "AEGIS_TEMPORAL_IMAGE=sha256:%s\n" % ("a" * 64)
    assert (current / "bin/tool").read_text() == "from sha256:" + "a" * 64
    assert os.access(current / "bin/tool", os.X_OK)
    assert engine.containers == ["sha256:" + "a" * 64 + " removed"]
    assert release_manager.present(wish(tmp_path, engine), check_mode=False)["changed"] is False
    assert len(engine.containers) == 1


def test_another_image_behind_the_tag_is_another_release_and_the_way_back_stays(tmp_path):
    release_manager.present(wish(tmp_path, Engine(our_tool=("a", "1.0"))), check_mode=False)
    newer = Engine(our_tool=("b", "1.0"))
    assert release_manager.present(wish(tmp_path, newer), check_mode=True)["changed"] is True
    assert os.readlink(tmp_path / "tool/current") == "1.0-aaaaaaaa"
    release_manager.confirmed(wish(tmp_path, newer), check_mode=False)
    release_manager.present(wish(tmp_path, newer), check_mode=False)
    assert os.readlink(tmp_path / "tool/current") == "1.0-bbbbbbbb"
    release_manager.returned(wish(tmp_path, newer), check_mode=False)
    assert os.readlink(tmp_path / "tool/current") == "1.0-aaaaaaaa"


@pytest.mark.parametrize("images", [{}, {"our_tool": ("a", "1.0")}], ids=["none", "one of two"])
def test_an_image_that_is_missing_is_asked_for(tmp_path, images):
    asked = release_manager.present(wish(tmp_path, Engine(**images), binaries={"sql": "our/admin:1"}), check_mode=False)
    assert (asked["archive_needed"], asked["changed"], asked["directory"]) == (True, False, "")


def test_a_host_without_the_engine_asks_for_the_image_too(tmp_path):
    def engine(words, timeout):
        raise FileNotFoundError("docker")

    assert release_manager.present(wish(tmp_path, engine), check_mode=True)["archive_needed"] is True


def test_a_digest_names_an_image(tmp_path):
    name = "our/tool@sha256:" + "a" * 64
    engine = Engine(our_tool=("a", "1.0"))
    assert release_manager.present(wish(tmp_path, engine, image=name, binaries={}), check_mode=False)["active"]


def test_an_image_of_another_version_is_refused_before_anything_is_switched(tmp_path):
    with pytest.raises(ReleaseError, match=r"says that it is version 2\.0, but 1\.0 is wanted"):
        release_manager.present(wish(tmp_path, Engine(our_tool=("a", "2.0"))), check_mode=False)
    assert not (tmp_path / "tool").exists()


def test_a_binary_that_the_image_lacks_leaves_nothing_behind(tmp_path):
    engine = Engine(our_tool=("a", "1.0"))
    engine.broken = True
    with pytest.raises(ReleaseError, match="no such file"):
        release_manager.present(wish(tmp_path, engine), check_mode=False)
    assert engine.containers == ["sha256:" + "a" * 64 + " removed"]
    assert os.listdir(tmp_path / "tool") == []


def test_going_over_to_the_other_provider_is_told_and_has_no_automatic_way_back(tmp_path):
    os.makedirs(tmp_path / "tool/0.9-cccccccc/bin")
    os.symlink("0.9-cccccccc", tmp_path / "tool/current")
    release_manager.confirmed(wish(tmp_path, Engine()), check_mode=False)
    done = release_manager.present(wish(tmp_path, Engine(our_tool=("a", "1.0"))), check_mode=False)
    assert done["switches_provider"] == "container"
    with pytest.raises(ReleaseError, match="one is an image and the other is not"):
        release_manager.returned(wish(tmp_path, Engine()), check_mode=False)
