"""Channels, templates, deliveries: each message once, each receiver apart."""
