"""Keeps measurements: samples by series."""
