"""The web room, whole: its pages, its composer, its stream, its looks."""
