"""What a BMC can do for you."""
