"""What can be asked of a BMC, and what it answers: one file a subject."""
