"""Status pages as anybody sees them: without signing in, without a script, from a cache."""
