"""The transcript of a debate in every format, one file each."""
