"""Status pages: what an organization tells those who depend on it."""
