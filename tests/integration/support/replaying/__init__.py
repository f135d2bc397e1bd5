"""What the tests of replay let happen, and to what."""
