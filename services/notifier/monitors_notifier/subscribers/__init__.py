"""Subscribers of status pages, and what they are told."""
