"""One module a pattern. No pattern knows another, or the world: what it needs is handed to it."""
