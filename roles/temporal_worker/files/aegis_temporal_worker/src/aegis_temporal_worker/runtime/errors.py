# SPDX-License-Identifier: Apache-2.0
"""Failures of calls to the runtime, told apart by what may follow."""

from __future__ import annotations

from typing import Final

import grpc

# The server says that it did not take the call up, or that calling later may help. A call that broke off in the
# middle also ends as UNAVAILABLE: `begun` tells the two apart.
_RETRYABLE: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
# gRPC's client itself says RESOURCE_EXHAUSTED of a message over its limit, and an answer comes after the work.
_TOO_LARGE: Final = "message larger than max"


class RuntimeCallError(Exception):
    """A call to the runtime failed with this status code.

    ``begun`` is False when the request certainly did not reach the runtime.
    """

    def __init__(self, method: str, code: grpc.StatusCode, details: str, *, begun: bool) -> None:
        super().__init__(f"{method}: {code.name}: {details}")
        self.method = method
        self.code = code
        self.details = details
        self.begun = begun

    @property
    def retryable(self) -> bool:
        """Whether the call may be made again without doing its work twice."""
        if self.begun and (self.code is not grpc.StatusCode.RESOURCE_EXHAUSTED or _TOO_LARGE in self.details):
            return False
        return self.code in _RETRYABLE

    @property
    def timed_out(self) -> bool:
        """Whether the work ran into its limit."""
        return self.code is grpc.StatusCode.DEADLINE_EXCEEDED and self.begun
