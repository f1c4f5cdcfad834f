"""The image `layers`: everything that layers may hold and do to one another, over a busybox.

Layer 1 lays things down, layer 2 changes them, layer 3 (GNU tar, uncompressed) changes them again. What results is
listed by `scripts/images expected layers`.
"""
import tarfile

from . import busybox
from .oci import Image, Layer
from .plain import PATH

LONG_NAME = "long-" + "n" * 250
LONG_PATH = "names/" + "/".join("p" * 60 for _ in range(6))
LATIN1_NAME = b"names/caf\xe9"


def sparse_pax(layer, name):
    """A sparse file in the PAX form, version 1.0: 1 MiB of nothing, 4 bytes, and nothing up to 2 MiB."""
    sparse_map = b"2\n1048576\n4\n2097152\n0\n"
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": name, "GNU.sparse.realsize": "2097152"}
    layer.file(f"GNUSparseFile.0/{name.replace('/', '-')}", sparse_map.ljust(512, b"\0") + b"data", pax_headers=headers)


class OldSparse(tarfile.TarInfo):
    """A sparse file in the old GNU form: type S, the map in the header itself."""

    def tobuf(self, *args, **kwargs):
        header = bytearray(super().tobuf(*args, **kwargs))
        header[386:410] = b"%011o\0%011o\0" % (1048576, 4)
        header[410:434] = b"%011o\0%011o\0" % (2097152, 0)
        header[483:495] = b"%011o\0" % 2097152
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header[:512])
        return bytes(header)


def sparse_gnu(layer, name):
    info = OldSparse(name)
    info.type, info.size, info.mode, info.mtime = tarfile.GNUTYPE_SPARSE, 4, 0o644, 1700000000
    layer.entries.append((info, b"data"))


def first():
    layer = busybox.root("layers")
    layer.directory("data", "data/whiteout-dir", "data/whiteout-dir/sub", "data/opaque", "data/opaque/sub", "data/kept")
    for name in ("whiteout-file", "whiteout-dir/a", "whiteout-dir/sub/b", "opaque/old", "opaque/sub/old", "kept/file", "changed", "later"):
        layer.file(f"data/{name}", "first\n")
    for name in ("recreated", "recreated-mark-last", "opaque-mark-last"):
        layer.directory(f"data/{name}", f"data/{name}/deep").file(f"data/{name}/old", "first\n").file(f"data/{name}/deep/old", "first\n")

    layer.directory("links").file("links/a", "linked\n").hardlink("links/b", "links/a").hardlink("links/c", "links/b")
    layer.file("links/original", "original\n").file("links/private", "private\n", mode=0o600)
    layer.symlink("links/symlink", "a").hardlink("links/to-symlink", "links/symlink")

    layer.directory("replace", "replace/target").file("replace/target/file", "target\n")
    layer.symlink("replace/link-to-directory", "target").symlink("replace/link-to-file", "target/file")
    layer.directory("replace/directory-to-link").file("replace/directory-to-link/old", "first\n")
    layer.directory("replace/directory-to-file").file("replace/directory-to-file/old", "first\n")
    layer.file("replace/file-to-directory", "first\n").file("replace/file-to-link", "first\n")
    layer.symlink("replace/link-kept", "/replace/target")

    # Directories come before what is in them, as tar(1) has it: the mode must not keep the unpacker out.
    layer.directory("modes").file("modes/setuid", "s\n", mode=0o4755).file("modes/setgid", "s\n", mode=0o2755)
    layer.file("modes/0000", "secret\n", mode=0).file("modes/0111", "x\n", mode=0o111).file("modes/0222", "w\n", mode=0o222)
    layer.directory("modes/readonly", mode=0o555).file("modes/readonly/file", "r\n", mode=0o444)
    for name in ("d0000", "d0111", "d0300"):
        layer.directory(f"modes/{name}", mode=int(name[1:], 8)).file(f"modes/{name}/file", f"in {name}\n")
        layer.directory(f"modes/{name}/sub").file(f"modes/{name}/sub/file", "below\n")
    layer.directory("modes/sticky", mode=0o1777).directory("modes/setgid-dir", mode=0o2775)

    layer.directory("dates").file("dates/1960", mtime=-315619200).file("dates/1970", mtime=0).file("dates/2100", mtime=4102444800)
    layer.file("dates/fraction", mtime=1700000000.125).symlink("dates/link", "1960", mtime=-1)

    layer.directory("names").file(LATIN1_NAME, "latin 1\n").file("names/new\nline", "newline\n").file("names/ leading and trailing ", "blanks\n")
    layer.file("names/-rf", "dash\n").file("names/back\\slash", "backslash\n").file("names/..dots", "dots\n").file("names/wh.normal", "no whiteout\n")
    layer.file("names/*", "star\n").file("names/käse", "utf-8\n").file(f"names/{LONG_NAME}", "long name\n")
    layer.file(f"{LONG_PATH}/file", "long path\n").symlink("names/long-target", "t" * 300)

    layer.directory("empty", "empty/directory", "empty/nested", "empty/nested/directory").file("empty/file")
    layer.directory("special").add("special/fifo", tarfile.FIFOTYPE, mode=0o640)
    layer.file("special/xattr", "x\n", pax_headers={"SCHILY.xattr.user.pyxis": "value"})
    layer.directory("special/xattr-directory", pax_headers={"SCHILY.xattr.user.pyxis": "of a directory"})
    sparse_pax(layer, "special/sparse-pax")
    layer.directory("private", mode=0o700).file("private/old", "first\n")
    return layer


def second():
    layer = Layer()
    layer.whiteout("data/whiteout-file").whiteout("data/whiteout-dir").whiteout("data/never-was")
    layer.directory("data/opaque").opaque("data/opaque").file("data/opaque/new", "second\n").file("data/changed", "second, changed\n")
    layer.whiteout("data/recreated").directory("data/recreated").file("data/recreated/new", "second\n")
    layer.directory("data/recreated-mark-last").file("data/recreated-mark-last/new", "second\n").whiteout("data/recreated-mark-last")
    layer.directory("data/opaque-mark-last").file("data/opaque-mark-last/new", "second\n").opaque("data/opaque-mark-last")
    layer.directory("data/kept", mode=0o750)
    layer.directory("data/new").file("data/new/file", "second\n").file("data/new/gone-later", "second\n")

    layer.hardlink("links/across", "links/original").hardlink("links/across-private", "links/private")
    layer.file("links/a", "replaced\n")

    layer.directory("replace/link-to-directory").file("replace/link-to-directory/file", "second\n")
    layer.file("replace/link-to-file", "second\n").symlink("replace/directory-to-link", "target").file("replace/directory-to-file", "second\n")
    layer.directory("replace/file-to-directory").file("replace/file-to-directory/file", "second\n").symlink("replace/file-to-link", "target/file")

    layer.file("implicit/parents/file", "no entries for the directories above\n")
    layer.file("private/new", "the directory keeps its mode of the first layer\n")
    return layer


def third():
    layer = Layer("none", tarfile.GNU_FORMAT)
    layer.whiteout("data/new/gone-later").whiteout("data/later").directory("data/whiteout-dir").file("data/whiteout-dir/again", "third\n")
    layer.directory("names").file("names/gnu-" + "g" * 200, "long GNU name\n").symlink("names/gnu-target", "u" * 300)
    layer.file(b"names/gnu-caf\xe9", "latin 1, in the header itself\n")
    layer.hardlink("links/third", "links/across")
    sparse_gnu(layer, "special/sparse-gnu")
    layer.file("./data/dot-slash", "third\n").file("data//double", "third\n")
    return layer


def make_layers():
    """three layers: whiteouts, opaque directories, hard links, odd modes, dates and names, sparse files (see `expected layers`)"""
    image = Image()
    image.layers = [first(), second(), third()]
    image.manifest(image.layers, Env=[PATH], Cmd=["sh"])
    return image


RECIPES = {"layers": make_layers}
