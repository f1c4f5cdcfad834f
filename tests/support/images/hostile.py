"""Images that try to harm whoever unpacks them. Each has a busybox below, so that whatever unpacks can also start.

What an escape would leave behind is called pyxis-escape-KIND, in /tmp or two directories up: a test looks for it.
"""
import gzip
import tarfile

from . import busybox
from .oci import Image, Layer, digest_of
from .plain import PATH

UP = "../" * 20
VICTIM = "/tmp/pyxis-victim"  # a file of the user's, which a test makes and looks at afterwards


def dotdot(layer):
    """names with .. in front and in the middle"""
    layer.file("../pyxis-escape-dotdot", "out\n").file("../../pyxis-escape-dotdot", "out\n").file(f"{UP}tmp/pyxis-escape-dotdot", "out\n")
    layer.directory("a").file(f"a/{UP}tmp/pyxis-escape-dotdot", "out\n").directory(f"{UP}tmp/pyxis-escape-dotdot.d")


def dotdot_middle(layer):
    """a name that begins well and has .. in its middle"""
    layer.directory("a").file(f"a/{UP}tmp/pyxis-escape-dotdot-middle", "out\n")


def absolute(layer):
    """absolute names: inside, they are relative to the image's root"""
    layer.file("/tmp/pyxis-escape-absolute", "out\n").file("//tmp/pyxis-escape-absolute", "out\n").directory("/pyxis-escape-absolute.d")


def symlink(layer):
    """a link to outside, then files, directories, links and modes through it"""
    layer.symlink("absolute", "/tmp").file("absolute/pyxis-escape-symlink", "out\n").directory("absolute/pyxis-escape-symlink.d")
    layer.symlink("relative", f"{UP}tmp").file("relative/pyxis-escape-symlink-relative", "out\n")
    layer.symlink("absolute/pyxis-escape-symlink.l", "x").hardlink("absolute/pyxis-escape-symlink.h", "bin/busybox")
    layer.symlink("one", "two").symlink("two", "/tmp").file("one/pyxis-escape-symlink-twice", "out\n")
    layer.directory("absolute", mode=0o700).symlink("loop", "loop").file("loop/file", "round and round\n")


def symlink_relative(layer):
    """a relative link to outside, then a file through it"""
    layer.symlink("relative", f"{UP}tmp").file("relative/pyxis-escape-symlink-relative", "out\n")


def symlink_twice(layer):
    """a link to a link to outside, then a file through both"""
    layer.symlink("one", "two").symlink("two", "/tmp").file("one/pyxis-escape-symlink-twice", "out\n")


def symlink_directory(layer):
    """a link to outside, then a directory of that name with a file in it: it replaces the link"""
    layer.symlink("out", "/tmp").directory("out", mode=0o700).file("out/pyxis-escape-symlink-directory", "out\n")


def symlink_file(layer):
    """links to files outside, then files of these names: they replace the links and are not written through them"""
    layer.symlink("passwd", "/etc/passwd").file("passwd", "mine\n").symlink("new", "/tmp/pyxis-escape-symlink-file").file("new", "out\n")
    layer.symlink("victim", VICTIM).file("victim", "mine\n")


def hardlink(layer):
    """hard links to files outside, then writing to them"""
    for number, target in enumerate(["/etc/passwd", f"{UP}etc/passwd", f"a/{UP}etc/passwd", "etc-link/passwd", "passwd-link"]):
        if number == 3:
            layer.symlink("etc-link", "/etc").symlink("passwd-link", "/etc/passwd")
        layer.hardlink(f"hard{number}", target).file(f"hard{number}", "mine\n")
    layer.hardlink("itself", "itself").hardlink("directory", "bin").hardlink("nothing", "not/there")


def hardlink_absolute(layer):
    """a hard link to an absolute name: inside, that is the image's own file"""
    layer.hardlink("own", "/etc/passwd")


def hardlink_victim(layer):
    """a hard link to a file outside that the image does not have"""
    layer.hardlink("stolen", VICTIM)


def hardlink_symlink(layer):
    """a hard link to a file outside, through a link of the same layer"""
    layer.symlink("out", "/tmp").hardlink("stolen", "out/pyxis-victim")


def device(layer):
    """device nodes: a character device (null) and a block device"""
    layer.directory("dev").add("dev/null-copy", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3)
    layer.add("dev/mem-copy", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=1).add("disk", tarfile.BLKTYPE, mode=0o666, devmajor=8, devminor=0)
    layer.add("bin/cat", tarfile.CHRTYPE, mode=0, devmajor=0, devminor=0)  # overlayfs's own mark for a removed file


def setuid(layer):
    """a shell with setuid and setgid root, and with all file capabilities"""
    layer.file("bin/setuid-sh", busybox.binary(), mode=0o6755)
    capabilities = b"\x01\0\0\x02" + b"\xff" * 16
    layer.file("bin/capable-sh", busybox.binary(), mode=0o755, pax_headers={"SCHILY.xattr.security.capability": capabilities.decode("utf-8", "surrogateescape")})


def deep(layer):
    """directories in directories: 1000 of them, and a path of 10000 bytes, longer than the kernel takes"""
    layer.file("/".join(["d"] * 1000) + "/file", "deep\n").file("/".join(["long" * 25] * 100) + "/file", "deeper\n")


def whiteout(layer):
    """whiteouts of . and .., of nothing, with a path, through links, and unknown marks"""
    layer.file(".wh..").file(".wh...").file(".wh.").file("a/.wh...").file("a/.wh.b/c").directory(".wh.directory").file(".wh..wh.unknown")
    layer.symlink("out", "/tmp").file("out/.wh.pyxis-victim").file("out/.wh..wh..opq").file(f"{UP}tmp/.wh.pyxis-victim")
    layer.file(".wh..wh..opq.d").symlink(".wh.link", "/tmp").file("a/.wh..wh..plnk")


def names(layer):
    """components that are empty or ., trailing slashes, the root itself, a name that is too long"""
    layer.file("", "no name\n").directory(".", "./", "/", mode=0o700).file("a//b", "1\n").file("a/./c", "2\n").file("./a/d/", "3\n")
    layer.file("x" * 300, "longer than a file name can be\n").file("/", "a file for a root\n").symlink(".", "/tmp")


def overlay(layer):
    """the overlay file system's own attributes, which would redirect or hide files"""
    for prefix in ("user", "trusted"):
        layer.directory(f"{prefix}-redirect", pax_headers={f"SCHILY.xattr.{prefix}.overlay.redirect": f"/{UP}etc"})
        layer.directory(f"{prefix}-opaque", pax_headers={f"SCHILY.xattr.{prefix}.overlay.opaque": "y"})
        layer.file(f"{prefix}-whiteout", pax_headers={f"SCHILY.xattr.{prefix}.overlay.whiteout": "y"})
        layer.file(f"{prefix}-metacopy", pax_headers={f"SCHILY.xattr.{prefix}.overlay.metacopy": "", f"SCHILY.xattr.{prefix}.overlay.redirect": "/bin/busybox"})


LAYER_KINDS = [dotdot, dotdot_middle, absolute, symlink, symlink_relative, symlink_twice, symlink_directory, symlink_file,
               hardlink, hardlink_absolute, hardlink_victim, hardlink_symlink, device, setuid, deep, whiteout, names, overlay]


def with_layer(kind):
    def make():
        layer = Layer()
        kind(layer)
        image = Image()
        image.manifest([busybox.root("hostile"), layer], Env=[PATH], Cmd=["sh"])
        return image
    make.__doc__ = kind.__doc__
    return make


def make_symlink_layers():
    """a link to outside in one layer, files and whiteouts through it in the next"""
    image = Image()
    lower = Layer().symlink("out", "/tmp").directory("was-directory").file("was-directory/file", "x\n")
    middle = Layer().file("out/pyxis-escape-symlink-layers", "out\n").file("out/.wh.pyxis-victim").symlink("was-directory", "/tmp")
    upper = Layer().file("was-directory/pyxis-escape-symlink-layers", "out\n")
    image.manifest([busybox.root("hostile"), lower, middle, upper], Env=[PATH], Cmd=["sh"])
    return image


def make_hardlink_layers():
    """a link to outside in one layer, a hard link through it in the next"""
    image = Image()
    image.manifest([busybox.root("hostile"), Layer().symlink("out", "/tmp"), Layer().hardlink("stolen", "out/pyxis-victim")],
                   Env=[PATH], Cmd=["sh"])
    return image


def broken(archive, doc, compressed=None, diff_ids=None):
    """A recipe for an image whose second layer is ARCHIVE; COMPRESSED: what is sent instead of its compression."""
    def make():
        layer = Layer(archive=archive())
        if compressed:
            layer.blob = compressed
        image = Image()
        image.manifest([busybox.root("hostile"), layer], diff_ids=diff_ids, Env=[PATH], Cmd=["sh"])
        return image
    make.__doc__ = doc
    return make


def valid():
    return Layer().file("a", "a\n" * 5000).file("b", "b\n" * 5000).tar()


def huge_entry():
    """A header that promises 8 EiB less one byte (in GNU's base 256), and no data."""
    info = tarfile.TarInfo("huge")
    info.size = (1 << 63) - 1
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


BROKEN = {
    "truncated": broken(lambda: valid()[:7000], "a tar that ends in the middle of a file, in a whole gzip"),
    "badgzip": broken(valid, "a gzip that ends in its middle", lambda tar: gzip.compress(tar, mtime=0)[:60]),
    "nottar": broken(lambda: b"This is no archive.\n" * 500, "a text where the tar should be"),
    "notgzip": broken(valid, "a text where the gzip should be", lambda tar: b"This is no gzip.\n" * 100),
    "checksum": broken(lambda: valid().replace(b"ustar", b"vstar", 1), "a tar header with a wrong checksum"),
    "size": broken(huge_entry, "a tar header that promises 8 EiB"),
    "diffid": broken(valid, "a configuration that names other layers", diff_ids=[digest_of(b"one"), digest_of(b"two")]),
}

RECIPES = {f"hostile-{kind.__name__.replace('_', '-')}": with_layer(kind) for kind in LAYER_KINDS}
RECIPES |= {"hostile-symlink-layers": make_symlink_layers, "hostile-hardlink-layers": make_hardlink_layers}
RECIPES |= {f"hostile-{name}": recipe for name, recipe in BROKEN.items()}
