"""The routes: each reads a form or a query, calls the API's function, and renders one view."""
