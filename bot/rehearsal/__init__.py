"""A whole debate with invented voices, through the real adapters, for a new moderator to watch."""
