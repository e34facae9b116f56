# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has, and what is missing for a deployment."""

from __future__ import annotations

import os
import sys
import types

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.host_resources import (
    _Filesystem,
    distribution,
    memory_bytes,
    minor_of,
    nearest_existing,
    parse_os_release,
    path_problems,
    python_version,
    readable,
    system_problems,
    systemd_version,
    unit_states,
)

FACTS = {
    "systemd_version": 252,
    "python": {"executable": "/usr/bin/python3", "version": "3.11.2", "minor": "3.11"},
    "memory_bytes": 2 * 1024**3,
    "distribution": {"id": "debian", "version": "12", "codename": "bookworm"},
    "architecture": "x86_64",
}
WANTED = {
    "systemd": True,
    "systemd_minimum_version": 250,
    "python_minimum": "3.11",
    "minimum_memory_bytes": 1024**3,
    "distributions": ["debian 12", "debian 13"],
    "architectures": ["x86_64"],
}


def wish(path, size=0, inodes=0, variable="runtime_install_root"):
    return {"path": str(path), "minimum_free_bytes": size, "minimum_free_inodes": inodes, "variable": variable}


def test_os_release_values_lose_their_quotes():
    assert parse_os_release('# c\nID=debian\nVERSION_ID="12"\nEMPTY=\n') == {
        "ID": "debian",
        "VERSION_ID": "12",
        "EMPTY": "",
    }


def test_distribution_falls_back_to_the_vendor_file(tmp_path):
    assert distribution(str(tmp_path)) == {"id": "", "version": "", "codename": ""}
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/os-release").write_text("ID=debian\nVERSION_ID=13\nVERSION_CODENAME=trixie\n")
    assert distribution(str(tmp_path)) == {"id": "debian", "version": "13", "codename": "trixie"}


def test_memory():
    assert memory_bytes("MemTotal:        2048 kB\nMemFree: 1 kB\n") == 2048 * 1024
    with pytest.raises(ValueError, match="MemTotal"):
        memory_bytes("MemFree: 1 kB\n")


def test_systemd_that_does_not_run_counts_as_none(tmp_path):
    assert systemd_version(str(tmp_path)) == 0


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """A systemctl that prints what a test wants: no test machine has every state."""

    def prints(text):
        program = tmp_path / "systemctl"
        program.write_text("#!/bin/sh\nprintf '%s' '" + text + "'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return prints


def test_units_have_the_states_that_systemd_tells_in_that_order(systemctl):
    systemctl("active\n\ninactive\n")
    assert unit_states(["a.service", "b.service"]) == {"a.service": "active", "b.service": "inactive"}
    assert unit_states([]) == {}


def test_a_state_that_systemd_does_not_tell_is_not_made_up(systemctl):
    systemctl("active\n")
    with pytest.raises(ValueError, match=r"state of a\.service, b\.service"):
        unit_states(["a.service", "b.service"])


def test_python_version_of_a_real_and_of_a_missing_interpreter(tmp_path):
    assert python_version(sys.executable) == "%d.%d.%d" % sys.version_info[:3]
    assert python_version(str(tmp_path / "python3")) == ""
    assert minor_of("3.11.2") == "3.11"
    assert minor_of("") == ""


def test_good_system():
    assert system_problems(FACTS, WANTED) == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"systemd_version": 0}, "systemd does not run this host"),
        ({"systemd_version": 247}, "systemd of this host is version 247; 250 or newer is needed"),
        ({"python": {"executable": "/usr/bin/python3", "version": ""}}, "/usr/bin/python3 does not run on this host"),
        ({"python": {"executable": "/p", "version": "3.9.2"}}, "/p of this host is Python 3.9.2; 3.11 or newer"),
        ({"memory_bytes": 512 * 1024**2}, "this host has 512 MiB of memory; 1.0 GiB are needed"),
        ({"distribution": {"id": "fedora", "version": "41"}}, "this host runs 'fedora 41'; supported are debian 12"),
        ({"architecture": "riscv64"}, "architecture is 'riscv64'; supported are x86_64"),
    ],
)
def test_each_lack_is_one_problem(facts, words):
    (problem,) = system_problems({**FACTS, **facts}, WANTED)
    assert words in problem


def test_nothing_wanted_nothing_missing():
    facts = {**FACTS, "systemd_version": 0, "python": {"executable": "/p", "version": ""}, "memory_bytes": 1}
    wanted = {**WANTED, "systemd": False, "python_minimum": "", "minimum_memory_bytes": 0}
    assert system_problems(facts, {**wanted, "distributions": [], "architectures": []}) == []


def test_nearest_existing(tmp_path):
    assert nearest_existing(str(tmp_path / "a" / "b")) == str(tmp_path)


def test_enough_space(tmp_path):
    assert path_problems([wish(tmp_path / "new" / "deep", 1, 1)]) == []


def test_too_little_space_names_variable_path_and_sizes(tmp_path):
    (problem,) = path_problems([wish(tmp_path / "new", 1 << 60)])
    assert problem.startswith(f"runtime_install_root ({tmp_path}/new): ")
    assert "free on the file system" in problem
    assert "1073741824.0 GiB needed" in problem


def test_needs_on_one_file_system_add_up(tmp_path):
    state = os.statvfs(tmp_path)
    most_of_it = int(state.f_bavail * state.f_frsize * 0.7)
    assert path_problems([wish(tmp_path, most_of_it)]) == []
    (problem,) = path_problems([wish(tmp_path, most_of_it), wish(tmp_path / "b", most_of_it, variable="b_path")])
    assert f"runtime_install_root ({tmp_path}), b_path ({tmp_path}/b): " in problem


def test_file_in_the_way_and_relative_path(tmp_path):
    (tmp_path / "file").write_text("")
    first, second = path_problems([wish(tmp_path / "file" / "sub"), wish("relative")])
    assert f"{tmp_path}/file is there and is no directory" in first
    assert "not an absolute path" in second


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"f_flag": os.ST_RDONLY}, ["mounted read-only"]),
        ({"f_favail": 5}, ["5 free inodes on the file system, 1000 needed"]),
        ({"f_bavail": 1}, ["0 MiB free on the file system, 1 MiB needed"]),
        ({"f_favail": 0, "f_files": 0}, []),
        ({}, []),
    ],
)
def test_filesystem(state, words):
    good = {"f_flag": 0, "f_bavail": 1 << 20, "f_frsize": 4096, "f_files": 1 << 20, "f_favail": 1 << 20}
    filesystem = _Filesystem(types.SimpleNamespace(**{**good, **state}))
    filesystem.wants.append(("v", "/p", 1 << 20, 1000))
    found = filesystem.problems()
    assert len(found) == len(words)
    assert all(word in problem for word, problem in zip(words, found, strict=True))


@pytest.mark.parametrize(("size", "text"), [(512 * 1024**2, "512 MiB"), (1536 * 1024**2, "1.5 GiB")])
def test_readable(size, text):
    assert readable(size) == text
