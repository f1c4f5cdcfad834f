"""One image of the size that people compute with. It takes minutes to make, so it is made only where it is asked for."""
import io
import mmap
import random
import subprocess
import tarfile
import tempfile

from . import debian
from .oci import MTIME, Image, Layer

FILES = 80_000
BIG_FILES = 190
GENERATED_LAYERS = 5
SOURCES = [debian.__file__]
PACKAGES = ["python3-numpy", "python3-scipy"]


class StoredLayer(Layer):
    """A layer too large for memory: its archive is a file, compressed while the next one is made."""

    def __init__(self, archive):
        super().__init__(archive=mapped(archive))
        archive.seek(0)
        self.compressed = tempfile.TemporaryFile(dir="/var/tmp")
        self.gzip = subprocess.Popen(["gzip", "-6", "-n"], stdin=archive, stdout=self.compressed)

    def blob(self, tar):
        if self.gzip.wait() != 0:
            raise SystemExit("scripts/images: error: gzip failed\n    Remedy: make room in /var/tmp")
        return mapped(self.compressed)


def mapped(file):
    file.flush()
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def debian_root():
    """The archive of Debian 12 with numpy and scipy."""
    file = tempfile.TemporaryFile(dir="/var/tmp")
    file.write(debian.archive("bookworm", packages=PACKAGES))
    return file


def sizes(chance, count):
    """Most files are small, most bytes are in large ones."""
    big = [int(2 ** chance.uniform(20, 25)) for _ in range(BIG_FILES)]
    small = [min(int(chance.lognormvariate(8.7, 1.6)), 4 << 20) for _ in range(count - BIG_FILES)]
    both = big + small
    chance.shuffle(both)
    return both


def content(chance, size, pool):
    """Of every other large file and every sixth small one nothing can be packed; the rest are pieces of Debian's own files."""
    if chance.random() < (0.5 if size >= 1 << 20 else 0.16):
        return chance.randbytes(size)
    pieces, left = [], size
    while left > 0:
        length = min(left, chance.randrange(2 << 10, 32 << 10))
        start = chance.randrange(len(pool) - length)
        pieces.append(pool[start:start + length])
        left -= length
    return b"".join(pieces)


def generated(chance, number, file_sizes, pool):
    file = tempfile.TemporaryFile(dir="/var/tmp")
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for index, size in enumerate(file_sizes):
            if index % 50 == 0:
                folder = tarfile.TarInfo(f"srv/data/{number}/{index // 50}")
                folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, MTIME
                tar.addfile(folder)
            entry = tarfile.TarInfo(f"{folder.name}/{index % 50}")
            entry.size, entry.mode, entry.mtime = size, 0o644, MTIME
            tar.addfile(entry, io.BytesIO(content(chance, size, pool)))
    return StoredLayer(file)


def make_large():
    """Debian 12 with numpy and scipy, and generated files: 80,000 in all, about 2 GB packed"""
    chance = random.Random(80000)
    root = debian_root()
    pool = mapped(root)
    root.seek(0)
    with tarfile.open(fileobj=root) as tar:
        present = sum(not entry.isdir() for entry in tar)
    layers, wanted = [StoredLayer(root)], sizes(chance, FILES - present)
    for number in range(GENERATED_LAYERS):
        layers.append(generated(chance, number, wanted[number::GENERATED_LAYERS], pool))
    image = Image()
    image.manifest(layers, Cmd=["bash"], Env=["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    return image


RECIPES = {"large": make_large}
