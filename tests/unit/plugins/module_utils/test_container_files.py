# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a container's files: a new generation exactly when something changed, and nothing left behind."""

from __future__ import annotations

import os

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.container_files import FilesError, Store, Wanted


@pytest.fixture
def origin(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("password: one")
    return path


@pytest.fixture
def store(tmp_path):
    def make(check_mode=False):
        return Store(str(tmp_path / "store"), "demo@", os.getuid(), os.getgid(), check_mode)

    return make


def wanted(origin, *files):
    return Wanted("demo-0", {"config": str(origin)}, [str(file) for file in files])


def test_the_copy_is_for_its_user_alone(tmp_path, origin, store):
    generation = store().bring(wanted(origin))
    directory = tmp_path / "store" / "demo" / "demo-0" / generation
    copy = directory / "credentials" / "config"
    assert copy.read_text() == "password: one"
    assert copy.stat().st_mode & 0o777 == 0o400
    assert directory.stat().st_mode & 0o777 == 0o700


def test_the_same_content_is_the_same_generation(origin, store):
    first = store().bring(wanted(origin))
    again = store()
    assert again.bring(wanted(origin)) == first
    assert again.reasons == []


def test_other_content_is_another_generation_and_shows_in_no_reason(origin, store):
    first = store().bring(wanted(origin))
    origin.write_text("password: pl4nted")
    again = store()
    assert again.bring(wanted(origin)) != first
    assert again.reasons == ["demo-0: the credential config changed"]


def test_a_copy_that_was_edited_by_hand_is_made_anew(tmp_path, origin, store):
    first = store().bring(wanted(origin))
    copy = tmp_path / "store" / "demo" / "demo-0" / first / "credentials" / "config"
    copy.chmod(0o644)
    again = store()
    assert again.bring(wanted(origin)) != first
    assert again.reasons == ["demo-0: the copy of the credential config has another owner or mode"]


def test_a_file_more_or_less_is_named(tmp_path, origin, store):
    more = tmp_path / "more.conf"
    more.write_text("more")
    store().bring(wanted(origin))
    again = store()
    again.bring(wanted(origin, more))
    assert again.reasons == ["demo-0: the file %s is new" % more]
    again = store()
    again.bring(wanted(origin))
    assert again.reasons == ["demo-0: files/0 is no longer used"]


def test_check_mode_writes_nothing(tmp_path, origin, store):
    look = store(check_mode=True)
    assert look.bring(wanted(origin)) == "new"
    assert look.reasons == ["demo-0: its files are new"]
    assert not (tmp_path / "store").exists()


def test_a_missing_original_leaves_the_container_alone(tmp_path, store):
    with pytest.raises(FilesError, match=r"demo-0 was left as it is, because .*/gone does not exist"):
        store().bring(wanted(tmp_path / "gone"))
    look = store(check_mode=True)
    assert look.bring(wanted(tmp_path / "gone")) == "new"


def test_what_nothing_uses_goes_and_what_runs_stays(origin, store):
    first = store().bring(wanted(origin))
    origin.write_text("two")
    second = store().bring(wanted(origin))
    origin.write_text("three")
    again = store()
    third = again.bring(wanted(origin))
    (surplus,) = again.surplus({"demo-0": {second, third}})
    assert surplus.endswith(first)
    again.remove([surplus])
    assert not os.path.exists(surplus)
    assert again.current("demo-0") == third


def test_an_instance_that_is_not_wanted_loses_its_copies(origin, store):
    again = store()
    generation = again.bring(wanted(origin))
    again.bring(Wanted("demo-1", {"config": str(origin)}, []))
    assert [os.path.basename(path) for path in again.surplus({"demo-0": {generation}})] == ["demo-1"]


def test_all_of_it_goes_with_the_service(tmp_path, origin, store):
    store().bring(wanted(origin))
    again = store()
    again.remove_all()
    assert not (tmp_path / "store" / "demo").exists()
    assert again.reasons
