"""A whole debate with invented voices, through the real adapters, so that a new moderator sees it before leading one."""
