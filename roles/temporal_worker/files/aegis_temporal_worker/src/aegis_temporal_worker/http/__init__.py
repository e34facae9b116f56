# SPDX-License-Identifier: Apache-2.0
"""The management API and the metrics listener."""
