"""A strict local X: it refuses what X refuses, bills what X bills, and breaks on request."""
