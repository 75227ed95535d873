"""The two's-complement checksum of IPMI messages. IPMI 2.0 §13.8."""


def checksum(data: bytes) -> int:
    """The byte that makes the sum of ``data`` and itself zero modulo 256."""
    return -sum(data) & 0xFF
