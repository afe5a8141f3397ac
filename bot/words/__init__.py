"""Every sentence the bot says. Spanish stands in the code and is the key; ``en.po`` has the English."""
