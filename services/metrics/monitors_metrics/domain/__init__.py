"""What measurements mean, as pure functions over columns: no I/O, no clock."""
