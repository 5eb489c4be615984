"""The cookieless id: SipHash-2-4 with 128 bits of output, written from the paper and its authors' note on it."""

import ipaddress
import struct

from record import AGENT, cut, hyphenated

MASK = (1 << 64) - 1


def rotated(word, bits):
    return (word << bits | word >> 64 - bits) & MASK


def siphash_128(key, text):
    """Aumasson and Bernstein, "SipHash: a fast short-input PRF", with the two marks of the longer output."""
    k0, k1 = struct.unpack("<QQ", key)
    a, b, c, d = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573

    def rounds(count):
        nonlocal a, b, c, d
        for _ in range(count):
            a = (a + b) & MASK
            b = rotated(b, 13) ^ a
            a = rotated(a, 32)
            c = (c + d) & MASK
            d = rotated(d, 16) ^ c
            a = (a + d) & MASK
            d = rotated(d, 21) ^ a
            c = (c + b) & MASK
            b = rotated(b, 17) ^ c
            c = rotated(c, 32)

    whole = text + bytes(-(len(text) + 1) % 8) + bytes([len(text) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", whole):
        d ^= word
        rounds(2)
        a ^= word
    c ^= 0xEE
    rounds(4)
    low = a ^ b ^ c ^ d
    b ^= 0xDD
    rounds(4)
    return struct.pack("<QQ", low, a ^ b ^ c ^ d)


def cookieless_id(key, site, peer, agent):
    """None without an address."""
    if key is None or peer is None:
        return None
    address = ipaddress.ip_address(peer)
    address = getattr(address, "ipv4_mapped", None) or address
    parts = (site.encode(), address.packed, cut(agent, AGENT))
    text = key[16:] + b"".join(struct.pack("<Q", len(part)) + part for part in parts)
    block = bytearray(siphash_128(key[:16], text))
    block[6] = block[6] & 0x0F | 0x80
    block[8] = block[8] & 0x3F | 0x80
    return hyphenated(int.from_bytes(block, "big"))
