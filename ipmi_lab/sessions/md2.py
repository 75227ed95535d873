"""MD2, which IPMI 1.5 may sign with and which no library at hand still has. RFC 1319."""

# A shuffle of 0 to 255 drawn from the digits of pi, as the RFC's appendix tells.
_SHUFFLE = bytes.fromhex(
    "292e43c9a2d87c013d3654a1ecf0061362a705f3c0c7738c98932bd9bc4c82ca1e9b573cfdd4e01667426f188a17e512"
    "be4ec4d6da9ede49a0fbf58ebb2fee7aa968799115b2073f94c210890b225f21807f5d9a5a903227353ecce7bff79703"
    "ff1930b348a5b5d1d75e922aac56aac64fb838d296a47db676fc6be29c7404f1459d705964718720865bcf65e62da802"
    "1b6025adaeb0b9f61c46616934407e0f5547a323dd51af3ac35cf9cebac5ea262c530d6e85288409d3dfcdf441814d52"
    "6adc37c86cc1abfa24e17b080cbdb14a7888958be363e86de9cbd5fe3b001d39f2efb70e6658d0e4a67772f8eb754b0a"
    "314450b48fed1f1adb998d339f118314"
)
_BLOCK = 16
_ROUNDS = 18


def md2(data: bytes) -> bytes:
    """The 16-byte digest of ``data``."""
    pad = _BLOCK - len(data) % _BLOCK
    data += bytes((pad,)) * pad
    state = bytearray(3 * _BLOCK)
    for at in range(0, len(data), _BLOCK):
        _absorb(state, data[at : at + _BLOCK])
    _absorb(state, _sum(data))
    return bytes(state[:_BLOCK])


def _sum(data: bytes) -> bytes:
    total = bytearray(_BLOCK)
    last = 0
    for index, byte in enumerate(data):
        last = total[index % _BLOCK] = total[index % _BLOCK] ^ _SHUFFLE[byte ^ last]
    return bytes(total)


def _absorb(state: bytearray, block: bytes) -> None:
    for index, byte in enumerate(block):
        state[_BLOCK + index] = byte
        state[2 * _BLOCK + index] = byte ^ state[index]
    last = 0
    for turn in range(_ROUNDS):
        for index in range(3 * _BLOCK):
            last = state[index] = state[index] ^ _SHUFFLE[last]
        last = (last + turn) % 256
