"""Conversations of both ends, without sockets and clocks: sequence, retry, keys."""
