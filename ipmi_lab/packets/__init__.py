"""What a command is wrapped in on its way."""
