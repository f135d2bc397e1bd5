"""NATS and PostgreSQL out of wheels: a whole platform on one machine, with no Docker."""
