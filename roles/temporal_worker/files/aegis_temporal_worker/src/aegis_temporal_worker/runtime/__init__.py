# SPDX-License-Identifier: Apache-2.0
"""The AEGIS runtime over gRPC: one shared channel, and the service token that every call carries."""

from __future__ import annotations
