"""A port, a session and a driver: blocking or asyncio."""
