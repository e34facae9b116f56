# SPDX-License-Identifier: Apache-2.0
"""The worker's side of Temporal: client, payloads, workflow types, and the worker itself."""

from __future__ import annotations
