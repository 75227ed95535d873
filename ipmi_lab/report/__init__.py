"""What a run showed: its journal, and the pages that are made from it."""
