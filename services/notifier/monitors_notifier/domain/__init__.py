"""The notifier's decisions: what a message says, whom it may reach, when to try again, how far it has come."""
