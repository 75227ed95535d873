"""What was said between console and BMC, in words and in files."""
