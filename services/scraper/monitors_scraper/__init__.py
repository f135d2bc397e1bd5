"""Fetches pages by HTTP and browser, politely and safely, and keeps snapshots."""
