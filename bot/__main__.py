"""``python -m bot`` is ``tertulia``."""

from bot.cli.main import main

if __name__ == "__main__":
    main()
