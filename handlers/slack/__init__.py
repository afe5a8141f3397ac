"""Slack, whole: its ears, its mouth, its looks."""
