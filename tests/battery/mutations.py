"""Datagrams that are nearly right: mutated by a seed, from such that are right."""

import random
from collections.abc import Iterator


def mutated(chance: random.Random, seed: bytes, other: bytes = b"") -> bytes:
    """One of the usual accidents befalls some bytes: bits flip, bytes change, go, come or repeat, two are mixed."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        kind = chance.randrange(8)
        at = chance.randrange(len(data) + 1)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif kind == 1 and data:
            data[at % len(data)] = chance.choice((0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, chance.randrange(256)))
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            data[at:at] = chance.randbytes(chance.randrange(1, 20))
        elif kind == 4:
            del data[at : at + chance.randrange(1, 8)]
        elif kind == 5:
            data[at:at] = data[at : at + 16]
        elif kind == 6:
            data[at:] = other[chance.randrange(len(other) + 1) :]
        elif kind == 7 and chance.random() < 0.02:
            data += bytes(chance.randrange(2000))
    return bytes(data)


def mutations(seed: int, corpus: list[bytes], count: int) -> Iterator[bytes]:
    """So many mutated datagrams of a corpus, always the same ones for a seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield mutated(chance, chance.choice(corpus), chance.choice(corpus))
