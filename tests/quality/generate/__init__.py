# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The generated documents, one file of code for each kind: tests/quality/generate_docs.py writes them."""
