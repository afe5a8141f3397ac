"""X, whole: its ears, its mouth, its accounts."""
