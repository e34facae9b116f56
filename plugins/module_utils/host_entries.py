# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One name for several addresses, as a marked block in a file like /etc/hosts."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.host_ports import bind_error, resolve

# RFC 1123: what may be written as the name of a host.
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(r"(?=.{1,253}$)%s(\.%s)*" % (_LABEL, _LABEL))


class HostEntriesError(ValueError):
    """The entries cannot be written as asked; the text says why and what to do."""


def check_name(name: str) -> None:
    """Refuse what is no name of a host.

    Raises:
        HostEntriesError: It is none, or it is an IP address.
    """
    if not _NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise HostEntriesError(
            "name is %r: not a host name. Give letters, digits, hyphens and dots, such as temporal-frontend." % name
        )


def addresses_of(hosts: t.Iterable[str]) -> list[str]:
    """Return the IP addresses of ``hosts`` (addresses or names), those of this machine first, each once.

    Raises:
        HostEntriesError: A name cannot be resolved here.
    """
    found: list[t.Any] = []
    for host in hosts:
        try:
            found += [address for address in resolve(host) if address not in found]
        except OSError as error:
            raise HostEntriesError(
                "The address %r cannot be resolved on this host: %s. Set host_address of that host in the inventory "
                "to an IP address." % (host, error.strerror or error)
            ) from None
    # A resolver tries them in about this order, and the shortest way is the one to this machine itself.
    return [str(address) for address in sorted(found, key=lambda address: bind_error(address, 0) is not None)]


def with_entries(text: str, marker: str, name: str, addresses: t.Sequence[str]) -> str:
    """Return ``text`` with one line per address for ``name``; without ``addresses``, without the block.

    ``marker`` tells the block from others, so that it is found again when it gets another name. What stands outside of
    the block stays as it is, line ends included.

    Raises:
        HostEntriesError: The name stands outside of the block, too, or the block has no end.
    """
    begin, end = "# BEGIN %s (aegis.temporal)" % marker, "# END %s (aegis.temporal)" % marker
    kept: list[str] = []
    place, inside = -1, False
    for line in text.splitlines(keepends=True):
        if line.strip() == begin:
            place, inside = len(kept), True
        elif line.strip() == end and inside:
            inside = False
        elif not inside:
            kept.append(line)
            if addresses and name.lower() in line.partition("#")[0].lower().split()[1:]:
                raise HostEntriesError(
                    "The line %r, which is not ours, gives the name %r already. Remove that line or choose another "
                    "name." % (line.strip(), name)
                )
    if inside:
        raise HostEntriesError("The block that begins with %r has no end. Put %r where it ends." % (begin, end))
    if not addresses:
        return "".join(kept)
    if place < 0:
        place = len(kept)
        if kept and not kept[-1].endswith("\n"):
            kept[-1] += "\n"
    block = [begin, *("%s %s" % (address, name) for address in addresses), end]
    return "".join([*kept[:place], *("%s\n" % line for line in block), *kept[place:]])
