# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password is where it must be and nowhere else on a host."""

from __future__ import annotations

testinfra_hosts = ["ansible://postgres", "ansible://temporal", "ansible://temporal_ui", "ansible://temporal_worker"]


def test_no_secret_in_journal_processes_units_or_world_readable_files(host, credentials):
    for login, password in credentials.items():
        head, tail = password[:16], password[16:]
        # A pattern that does not contain the password itself: its two halves with one character class between them.
        pattern = f"{head}[{tail[0]}]{tail[1:]}"
        checks = {
            "journal": f"journalctl --no-pager --quiet | grep -c '{pattern}'",
            # Not by `ps`, which a host without PostgreSQL's package does not have.
            "process list": f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c '{pattern}'",
            "environments": f"cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c '{pattern}'",
            "units": f"grep -rc '{pattern}' /etc/systemd /run/systemd/system 2>/dev/null | grep -v ':0$' | wc -l",
            "world-readable files": (
                f"find /etc /opt /var/lib /run /tmp /root/.ansible -xdev -type f -perm -o=r -size -1M 2>/dev/null"
                f" | xargs -r -d '\\n' grep -l '{pattern}' 2>/dev/null | wc -l"
            ),
        }
        for place, command in checks.items():
            count = host.run(command).stdout.strip()
            assert count == "0", f"the password of {login} is in the {place} of {host.backend.host}: {count}"
