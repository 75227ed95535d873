"""A BMC of software, for tests without hardware."""
