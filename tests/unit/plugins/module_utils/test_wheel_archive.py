# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels and archives whose bytes depend on their content alone."""

from __future__ import annotations

import os
import tarfile
import zipfile

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.wheel_archive import (
    EPOCH,
    normalise_wheel,
    requirement_of,
    sha256_of,
    write_archive,
)

CONTENT = {"p/b.py": b"b" * 1000, "p/a.py": b"a", "p-1.dist-info/RECORD": b"r", "p-1.dist-info/METADATA": b"m"}


def write_wheel(path, order, compression, moment):
    with zipfile.ZipFile(path, "w", compression) as wheel:
        for name in order:
            entry = zipfile.ZipInfo(name, moment)
            entry.compress_type = compression
            entry.external_attr = 0o600 << 16
            wheel.writestr(entry, CONTENT[name])


def test_the_same_content_makes_the_same_wheel(tmp_path):
    names = list(CONTENT)
    write_wheel(tmp_path / "one", names, zipfile.ZIP_DEFLATED, (2020, 1, 1, 0, 0, 0))
    write_wheel(tmp_path / "two", names[::-1], zipfile.ZIP_STORED, (2026, 5, 5, 5, 5, 4))
    assert sha256_of(tmp_path / "one") != sha256_of(tmp_path / "two")
    for name in ("one", "two"):
        normalise_wheel(tmp_path / name, tmp_path / (name + "-normal"))
    assert sha256_of(tmp_path / "one-normal") == sha256_of(tmp_path / "two-normal")
    with zipfile.ZipFile(tmp_path / "one-normal") as wheel:
        assert {name: wheel.read(name) for name in wheel.namelist()} == CONTENT
        assert wheel.namelist()[-2:] == ["p-1.dist-info/METADATA", "p-1.dist-info/RECORD"]


def test_archive_depends_on_names_and_contents_alone(tmp_path):
    for directory, moment, mode in (("one", 1, 0o600), ("two", 2_000_000_000, 0o777)):
        (tmp_path / directory).mkdir()
        for name in ("b.whl", "a.whl"):
            path = tmp_path / directory / name
            path.write_bytes(name.encode())
            path.chmod(mode)
            os.utime(path, (moment, moment))
        write_archive(tmp_path / (directory + ".tar"), tmp_path / directory, {"requirements.txt": b"x"})
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as archive:
        entries = archive.getmembers()
    assert [entry.name for entry in entries] == ["a.whl", "b.whl", "requirements.txt"]
    assert {(entry.mtime, entry.mode, entry.uid, entry.uname) for entry in entries} == {(EPOCH, 0o644, 0, "")}


@pytest.mark.parametrize(
    ("wheel", "requirement"),
    [
        ("Types_Protobuf-7.35.1.2-py3-none-any.whl", "types-protobuf==7.35.1.2"),
        ("a.b-1-2build-cp311-cp311-linux_x86_64.whl", "a-b==1"),
    ],
)
def test_requirement_of(wheel, requirement):
    assert requirement_of(wheel) == requirement


@pytest.mark.parametrize("name", ["a-1.tar.gz", "a.whl", "a-1-py3.whl"])
def test_other_files_are_no_wheels(name):
    with pytest.raises(ValueError, match="not the file name of a wheel"):
        requirement_of(name)
