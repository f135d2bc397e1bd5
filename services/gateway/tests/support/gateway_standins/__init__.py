"""What stands at both ends of a gateway under test."""
