"""A small site to watch, and the story of watching it: what `monitors up --demo` shows."""
