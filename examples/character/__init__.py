# SPDX-License-Identifier: GPL-3.0-or-later
"""Models the example character (a stylised head named Poppy) from numbers alone."""
