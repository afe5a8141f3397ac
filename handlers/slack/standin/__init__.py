"""A strict Slack on the loopback: it answers, delivers, limits and refuses as the real one does (start at `server`)."""
