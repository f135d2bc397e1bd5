"""Alerts of other systems, as they send them, read: pure."""
