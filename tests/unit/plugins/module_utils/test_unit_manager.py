# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units are started, restarted, removed and left alone for the right reasons; systemctl is a small model of systemd."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import unit_health, unit_manager, unit_record, unit_systemd
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import UnitError


class Host:
    """A host with systemd: the runner that stands for systemctl and journalctl, and the files of one service."""

    def __init__(self, root):
        self.root = root
        self.units = {}
        self.calls = []
        self.healthy = True
        self.starts = 0
        self.restart_counter = 0
        self.loaded_at = None
        self.unit_file = root / "etc" / "demo@.service"
        self.conf = root / "conf"
        self.unit_file.parent.mkdir()
        self.unit_file.write_text("unit")
        self.conf.write_text("one")

    def wish(self, **changes):
        values = {
            "name": "demo@",
            "state": "started",
            "instances": ["0", "1"],
            "sources": unit_record.Sources(str(self.unit_file), [str(self.conf)], {}, ""),
            "health": [{"argv": ["probe", "{instance}"]}],
            "health_timeout": 0.3,
            "stop_timeout": 5,
            "pending": [],
        }
        return unit_manager.Wish(**{**values, **changes})

    def converge(self, check_mode=False, **changes):
        self.calls.clear()
        manager = unit_manager.Manager(self.wish(**changes), check_mode, self.run, str(self.root / "run"))
        self.manager = manager
        return manager.converge()

    def unit(self, name):
        return self.units.setdefault(name, {"active": "inactive", "sub": "dead", "enabled": False, "id": "", "at": 0.0})

    def start(self, name, recorded=True):
        self.starts += 1
        unit = self.unit(name)
        unit.update(active="active", sub="running", id="id%d" % self.starts, at=time.monotonic() * 1e6)
        if recorded:
            (self.root / "run").mkdir(exist_ok=True)
            facts, _missing = unit_record.on_disk(self.wish().sources)
            lines = ["invocation", unit["id"], "file"]
            lines += ["%s  %s" % (digest, path) for (_kind, path), digest in facts.items()]
            (self.root / "run" / (name + ".started")).write_text("\n".join(lines) + "\n")

    def run(self, argv, _timeout):
        if argv[0] == "probe":
            return (0, "", "") if self.healthy else (1, "", "refused to answer")
        if argv[0] == "journalctl":
            return 0, "" if "--sync" in argv else "newest line\npassword=hunter2 in the older line\n", ""
        verb, units = argv[1], [word for word in argv[2:] if not word.startswith("-")]
        if verb == "show":
            return 0, "\n\n".join(self.show(name) for name in units), ""
        if verb == "list-units":
            return (
                0,
                "".join("%s loaded\n" % name for name, unit in self.units.items() if unit["active"] != "inactive"),
                "",
            )
        self.calls.append(" ".join([verb, *units]))
        if verb == "daemon-reload":
            self.loaded_at = self.unit_file.stat().st_mtime_ns if self.unit_file.exists() else None
        for name in units:
            if verb in ("start", "restart"):
                self.start(name)
            elif verb == "stop":
                self.unit(name).update(active="inactive", sub="dead")
            elif verb in ("enable", "disable"):
                self.unit(name)["enabled"] = verb == "enable"
        return 0, "", ""

    def show(self, name):
        unit = self.unit(name)
        exists = self.unit_file.exists()
        stale = self.loaded_at is not None and exists and self.loaded_at != self.unit_file.stat().st_mtime_ns
        values = {
            "LoadState": unit.get("load", "loaded" if self.loaded_at else "not-found"),
            "ActiveState": unit["active"],
            "SubState": unit["sub"],
            "UnitFileState": "enabled" if unit["enabled"] else "disabled",
            "DropInPaths": unit.get("drop_ins", ""),
            "NeedDaemonReload": "yes" if stale else "no",
            "InvocationID": unit["id"],
            "InactiveExitTimestampMonotonic": "%d" % unit["at"],
            "ExecMainStartTimestampMonotonic": "%d" % unit["at"],
            "NRestarts": str(self.restart_counter),
            "Result": "success",
        }
        return "\n".join("%s=%s" % pair for pair in values.items())


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(unit_systemd, "SYSTEM_UNITS", str(tmp_path / "etc"))
    monkeypatch.setattr(unit_health, "PAUSE", 0.01)
    monkeypatch.setattr(unit_health, "SETTLE", 0.01)
    return Host(tmp_path)


UP = ["daemon-reload", "enable demo@0.service", "start demo@0.service", "enable demo@1.service", "start demo@1.service"]


def test_first_run_starts_in_order_and_the_second_does_nothing(host):
    first = host.converge()
    assert (first["changed"], first["actions"], host.calls) == (True, UP, UP)
    assert set(first["healthy_after"]) == {"demo@0.service", "demo@1.service"}
    second = host.converge()
    assert (second["changed"], second["reasons"], host.calls) == (False, [], [])
    assert second["diff"]["before"] == second["diff"]["after"]


def test_changed_file_restarts_one_after_the_other(host):
    host.converge()
    host.conf.write_text("two")
    result = host.converge()
    assert host.calls == ["restart demo@0.service", "restart demo@1.service"]
    assert result["reasons"][0] == "demo@0.service: the file %s changed" % host.conf
    assert host.converge()["changed"] is False


def test_only_the_instance_that_differs_is_restarted(host):
    host.converge()
    host.conf.write_text("two")
    host.start("demo@0.service")
    host.converge()
    assert host.calls == ["restart demo@1.service"]


def test_process_without_a_record_of_its_start_is_restarted(host):
    host.converge()
    host.start("demo@1.service", recorded=False)
    result = host.converge()
    assert host.calls == ["restart demo@1.service"]
    assert result["reasons"] == ["demo@1.service: there is no record of what it was started with"]


def test_unit_file_put_right_without_a_start_in_between_needs_no_restart(host):
    host.converge()
    os.utime(host.unit_file, (time.time() + 60, time.time() + 60))
    result = host.converge()
    assert host.calls == ["daemon-reload"]
    assert result["changed"]


def test_start_between_writing_the_unit_and_reloading_it_is_seen(host):
    host.converge()
    host.unit_file.write_text("new unit")
    os.utime(host.unit_file, (time.time() - 60, time.time() - 60))
    host.start("demo@0.service")
    host.start("demo@1.service")
    result = host.converge()
    assert host.calls == ["daemon-reload", "restart demo@0.service", "restart demo@1.service"]
    assert "older definition" in result["reasons"][1]


def test_unhealthy_after_a_restart_says_what_to_do_and_stops_there(host):
    host.converge()
    host.conf.write_text("two")
    host.healthy = False
    with pytest.raises(UnitError) as error:
        host.converge()
    text = str(error.value)
    assert host.calls == ["restart demo@0.service"]
    assert "demo@0.service was restarted, but is not healthy: `probe 0` ended with code 1: refused to answer." in text
    assert "the file %s changed" % host.conf in text
    assert "run the play again" in text
    assert "Not touched, and as they were: demo@1.service." in text
    assert text.endswith("password=******** in the older line\nnewest line")
    assert host.manager.result()["actions"] == ["restart demo@0.service"]
    host.healthy = True
    host.converge()
    assert host.calls == ["restart demo@1.service"], "the next run goes on where this one stopped"


def test_unhealthy_without_a_change_is_not_restarted(host):
    host.converge()
    host.healthy = False
    with pytest.raises(UnitError, match="Nothing was changed in this run, and it was not restarted"):
        host.converge()
    assert host.calls == []


def test_unit_that_systemd_gave_up_fails_at_once(host):
    host.converge()
    original = host.run

    def run(argv, timeout):
        answer = original(argv, timeout)
        if argv[1] == "restart":
            host.unit(argv[-1]).update(active="failed", sub="failed")
        return answer

    host.run = run
    host.conf.write_text("two")
    with pytest.raises(UnitError, match=r"it ended \(failed"):
        host.converge(health_timeout=3600)


def test_answer_of_somebody_else_does_not_make_a_dying_service_healthy(host):
    host.converge()
    original = host.run

    def run(argv, timeout):
        if argv[1] == "show" and host.calls:
            host.start(argv[-1])
        return original(argv, timeout)

    host.run = run
    host.conf.write_text("two")
    with pytest.raises(UnitError, match="it did not stay up"):
        host.converge()


def test_failing_systemctl_is_reported_with_the_journal(host):
    original = host.run
    host.run = lambda argv, timeout: (
        (1, "", "Job for demo failed.\nSee more") if argv[1] == "start" else original(argv, timeout)
    )
    with pytest.raises(UnitError) as error:
        host.converge()
    assert "`systemctl start demo@0.service` failed: Job for demo failed." in str(error.value)
    assert "newest line" in str(error.value)


def test_missing_file_is_named_before_anything_is_touched(host):
    host.converge()
    host.conf.unlink()
    with pytest.raises(UnitError, match=r"demo@0\.service was left as it is, because .*conf does not exist"):
        host.converge()
    assert host.calls == []


def test_masked_unit_is_named(host):
    host.unit("demo@0.service")["load"] = "masked"
    with pytest.raises(UnitError, match=r"systemctl unmask demo@0\.service"):
        host.converge()


def test_surplus_instances_go_at_the_end(host):
    host.converge()
    host.conf.write_text("two")
    result = host.converge(instances=["0"])
    assert host.calls == ["restart demo@0.service", "stop demo@1.service", "disable demo@1.service"]
    assert "demo@1.service: it is no longer wanted" in result["reasons"]
    assert not (host.root / "run" / "demo@1.service.started").exists()
    assert host.converge(instances=["0"])["changed"] is False


def test_enabled_instance_that_does_not_run_is_surplus_too(host):
    host.converge(instances=["0"])
    wants = host.root / "etc" / "multi-user.target.wants"
    wants.mkdir()
    (wants / "demo@5.service").symlink_to(host.unit_file)
    host.unit("demo@5.service")["enabled"] = True
    host.converge(instances=["0"])
    assert host.calls == ["disable demo@5.service"]


def test_stopped_and_absent(host):
    host.converge()
    stopped = ["stop demo@0.service", "disable demo@0.service", "stop demo@1.service", "disable demo@1.service"]
    host.converge(state="stopped")
    assert host.calls == stopped
    assert host.unit_file.exists()
    result = host.converge(state="absent")
    assert host.calls == ["daemon-reload"]
    assert result["actions"] == ["remove %s" % host.unit_file]
    assert not host.unit_file.exists()
    assert host.converge(state="absent")["changed"] is False


def test_check_mode_says_what_and_why_and_does_nothing(host):
    host.conf.unlink()
    virgin = host.converge(check_mode=True)
    assert virgin["actions"] == UP
    assert (host.calls, virgin["changed"]) == ([], True)
    host.conf.write_text("one")
    host.converge()
    assert host.converge(check_mode=True)["changed"] is False
    pending = host.converge(check_mode=True, pending=["the unit file will be written"])
    assert pending["reasons"][0] == "demo@0.service: the unit file will be written"
    assert pending["actions"] == ["restart demo@0.service", "restart demo@1.service"]
    host.healthy = False
    assert host.converge(check_mode=True)["changed"] is False
    assert host.converge(check_mode=True, instances=[])["actions"][:1] == ["stop demo@0.service"]
    assert host.converge(check_mode=True, state="absent", instances=[])["changed"]
    assert (host.calls, host.unit_file.exists()) == ([], True)


def test_plain_unit(host):
    host.converge(name="demo", instances=[])
    assert host.calls == ["daemon-reload", "enable demo.service", "start demo.service"]
    with pytest.raises(UnitError, match="must end in @"):
        host.converge(name="demo", instances=["0"])


def test_drop_ins_are_returned(host):
    host.unit("demo@0.service")["drop_ins"] = "/etc/systemd/system/demo@.service.d/override.conf"
    assert host.converge()["drop_ins"] == ["/etc/systemd/system/demo@.service.d/override.conf"]


def test_a_restart_that_was_asked_for_happens_once_to_each_unit(host):
    host.converge()
    host.unit("demo@1.service")["at"] -= 60e6
    result = host.converge(restart_older_than=30)
    assert host.calls == ["restart demo@1.service"], "the other one was started since it was asked for"
    assert result["reasons"] == ["demo@1.service: a restart was asked for"]
    assert set(result["ages"]) == {"demo@0.service", "demo@1.service"}
    assert max(result["ages"].values()) < 10
    host.converge(restart_older_than=30)
    assert host.calls == []


def test_a_restart_is_foretold_in_check_mode(host):
    host.converge()
    result = host.converge(check_mode=True, restart_older_than=0)
    assert result["actions"] == ["restart demo@0.service", "restart demo@1.service"]
    assert (host.calls, result["ages"]) == ([], {})
