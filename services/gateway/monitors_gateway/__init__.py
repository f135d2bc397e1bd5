"""The REST API: users, sessions, limits, and a translator between HTTP and the other services."""
