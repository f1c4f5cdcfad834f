"""A small root file system: a static busybox with all its names, and the few files that make it a system."""
import functools
import shutil
import subprocess

from .oci import Layer

PASSWD = "root:x:0:0:root:/root:/bin/sh\nguest:x:4711:4711:guest:/home/guest:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUP = "root:x:0:\nguest:x:4711:\nnogroup:x:65534:\n"


@functools.cache
def program():
    path = shutil.which("busybox")
    if not path:
        raise SystemExit("scripts/images: error: the program 'busybox' is not installed\n    Remedy: scripts/install-deps images")
    return path


@functools.cache
def binary():
    with open(program(), "rb") as file:
        return file.read()


@functools.cache
def applets():
    return subprocess.run([program(), "--list"], stdout=subprocess.PIPE, check=True, text=True).stdout.split()


def root(name="busybox", compression="gzip", executable=None):
    """A layer with the root file system; NAME is in its os-release. EXECUTABLE: other bytes than busybox's (other architectures)."""
    layer = Layer(compression)
    layer.directory("bin", "etc", "dev", "proc", "sys", "run", "home", "usr", "usr/bin", "var")
    layer.directory("root", mode=0o700).directory("home/guest", mode=0o755).directory("tmp", "var/tmp", mode=0o1777)
    layer.file("bin/busybox", executable or binary(), mode=0o755)
    for applet in applets():
        if applet != "busybox":
            layer.symlink(f"bin/{applet}", "busybox")
    layer.file("etc/passwd", PASSWD).file("etc/group", GROUP)
    layer.file("etc/os-release", f'NAME="Pyxis test image"\nID=pyxis-{name}\nPRETTY_NAME="Pyxis test image {name}"\n')
    return layer
