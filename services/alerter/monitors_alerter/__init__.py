"""The life of an alert: opened once, acknowledged, resolved."""
