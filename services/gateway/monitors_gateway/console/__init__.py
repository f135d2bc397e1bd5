"""The web console: pages over the REST API's own functions, so that it can do nothing the API cannot."""
