"""What the services say to each other: events, commands, queries, subjects and streams. Pydantic only, no I/O."""
