"""Rules, channels and targets as files: read, compared with the platform, applied, exported, tested."""
