"""What pages show: frozen view models, and the pure functions that build them."""
