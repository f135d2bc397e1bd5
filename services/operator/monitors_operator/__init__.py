"""The monitors command: composes all services, and the operator's tools."""
