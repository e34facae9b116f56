# SPDX-License-Identifier: Apache-2.0
"""Keeps secrets out of text for people and logs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time
from typing import Any, Final

HIDDEN: Final = "***"
# A shorter secret may be part of any word ("aegis"): replacing it would garble the log and give it away.
_LEAST_LENGTH: Final = 8

# Every repetition before a fixed part is bounded, so that a long line costs linear time.
_PATTERNS: Final = (
    # scheme://user:password@host; the last "@" before the path ends it, as people forget to encode the others.
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@'\"]{0,200}:)[^\s/'\"]+(?=@)", re.IGNORECASE),
    re.compile(r"(?P<keep>\b(?:bearer|basic)\s)\s{0,5}[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        r"(?P<keep>(?:password|passwd|client_secret|access_token|refresh_token|api_token)[\"']?\s?[=:]\s?[\"']?)"
        r"[^\s&,;\"']+",
        re.IGNORECASE,
    ),
)


def without_credentials(text: str) -> str:
    """The text with whatever looks like a credential replaced: passwords in URLs, tokens, ``password=…``."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<keep>{HIDDEN}", text)
    return text


class Redactor:
    """Replaces known secrets, and what looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """``secrets``: exact texts; those of fewer than 8 characters are only found where they look like one."""
        known = sorted((secret for secret in secrets if len(secret) >= _LEAST_LENGTH), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return without_credentials(text)

    def value(self, value: Any) -> Any:
        """A value that any JSON encoder takes, without secrets in any of its texts."""
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, int):
            # Encoders refuse integers of more than 64 bits.
            return value if value.bit_length() < 64 else hex(value)
        if isinstance(value, dict):
            return {self._encodable(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(item) for item in value]
        if isinstance(value, (date, time)):
            return value.isoformat()
        return self._encodable(str(value))

    def _encodable(self, text: str) -> str:
        # A lone surrogate, as in the name of a file that is not UTF-8, has no encoding.
        return self.text(text).encode(errors="backslashreplace").decode()
