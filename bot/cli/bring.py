"""``tertulia import …``: what was said elsewhere, brought into the log."""

import typer

app = typer.Typer()
