"""Bytes and fields: how a message is declared, and how its declaration becomes bytes."""
