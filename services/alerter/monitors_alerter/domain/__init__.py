"""What becomes of an alert: pure decisions."""
