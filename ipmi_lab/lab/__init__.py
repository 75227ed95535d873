"""Targets by name or URL: what two faces share stands here."""
