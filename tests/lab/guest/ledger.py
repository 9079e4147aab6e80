"""Writes of which it is known, beyond a power cut, which were acknowledged: one after the other, past every cache, each with its
number; after each the number goes to another disk, which is none of the host's volumes. Afterwards every block must hold at
least what was acknowledged of it."""
import mmap
import os
import struct
import subprocess
import sys
import time
import zlib

from vm import RESULT_DISK

BLOCK, BLOCKS, OFFSET = 4096, 4096, 40 << 20
SECTOR = 512
HEADER = struct.Struct("<8sQQI")    # magic, run, number, checksum of the two
MAGIC = b"ledger-1"
THINK_S = 0.004


def packed(run, number, size):
    body = struct.pack("<QQ", run, number)
    return HEADER.pack(MAGIC, run, number, zlib.crc32(body)).ljust(size, b"\xa5")


def unpacked(data):
    """(run, number), or None if the record is not complete."""
    magic, run, number, checksum = HEADER.unpack_from(data)
    whole = magic == MAGIC and checksum == zlib.crc32(struct.pack("<QQ", run, number)) and data[HEADER.size:].count(
        b"\xa5") == len(data) - HEADER.size
    return (run, number) if whole else None


class Direct:
    """A device, read and written past the page cache."""

    def __init__(self, path, size):
        self.fd = os.open(path, os.O_RDWR | os.O_DIRECT | os.O_DSYNC)
        self.buffer = mmap.mmap(-1, size)
        self.size = size

    def write(self, data, offset):
        self.buffer[:] = data
        os.pwritev(self.fd, [self.buffer], offset)

    def read(self, offset):
        os.preadv(self.fd, [self.buffer], offset)
        return bytes(self.buffer)

    def close(self):
        os.close(self.fd)
        self.buffer.close()


def ack_disk():
    disk = Direct(RESULT_DISK, SECTOR)
    return disk, os.lseek(disk.fd, 0, os.SEEK_END) - SECTOR


def keep_writing(device):
    run, number = time.time_ns(), 0
    there, (acks, at) = Direct(device, BLOCK), ack_disk()
    while True:
        there.write(packed(run, number, BLOCK), OFFSET + number % BLOCKS * BLOCK)
        acks.write(packed(run, number, SECTOR), at)
        number += 1
        time.sleep(THINK_S)


class Ledger:
    def __init__(self, device):
        self.process = subprocess.Popen([sys.executable, "-B", __file__, device], stderr=subprocess.PIPE, text=True)

    def alive(self):
        return self.process.poll() is None

    def complaint(self):
        return self.process.stderr.read()[-300:]

    def stop(self):
        self.process.kill()
        self.process.wait()


def audit(device):
    """What the last run wrote, against what was acknowledged of it: (acknowledged, found, complaints)."""
    acks, at = ack_disk()
    last = unpacked(acks.read(at))
    acks.close()
    if not last:
        return 0, 0, []
    run, number = last
    there, found, complaints = Direct(device, BLOCK), 0, []
    for wanted in range(max(0, number + 1 - BLOCKS), number + 1):
        got = unpacked(there.read(OFFSET + wanted % BLOCKS * BLOCK))
        if got and got[0] == run and got[1] >= wanted:
            found += 1
        elif len(complaints) < 3:
            complaints.append("write %d was acknowledged, its block has %s" % (wanted, got))
    there.close()
    return min(number + 1, BLOCKS), found, complaints


if __name__ == "__main__":
    keep_writing(sys.argv[1])
