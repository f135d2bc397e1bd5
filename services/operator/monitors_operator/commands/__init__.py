"""One module a command or group of commands. What they need is imported when they run, so that `--help` is quick."""
