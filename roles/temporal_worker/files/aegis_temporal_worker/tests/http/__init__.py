# SPDX-License-Identifier: Apache-2.0
"""Tests of the management API."""
# ruff: noqa: A005 - only ever imported as tests.http
