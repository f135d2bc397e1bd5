"""What every service shares: settings, bus, database, outbox and inbox, telemetry, embedded servers."""
