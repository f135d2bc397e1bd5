"""The agent: measures the machine it runs on (or the process it runs in), keeps what it measured on disk, and ships it."""
