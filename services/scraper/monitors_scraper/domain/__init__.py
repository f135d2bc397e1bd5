"""What the scraper decides: what an answer means, whether a browser is needed, when to try again. Pure."""
