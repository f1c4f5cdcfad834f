"""Well-behaved images: small ones, and the media types, platforms and settings that occur."""
import os
import subprocess
import tempfile

from . import busybox
from .oci import DOCKER, Image, Layer

PATH = "PATH=/usr/local/bin:/usr/bin:/bin"


def make_busybox():
    """a shell; tags: latest, entrypoint, cmd, user, workdir, volume, env"""
    image, root = Image(), busybox.root()
    entrypoint = Layer().file("entrypoint", "#!/bin/sh\necho entrypoint: \"$@\"\nexport FROM_ENTRYPOINT=yes\nexec \"$@\"\n", mode=0o755)
    image.manifest([root], Env=[PATH, "IMAGE_VARIABLE=from the image"], Cmd=["sh"])
    image.manifest([root, entrypoint], ["entrypoint"], Env=[PATH], Entrypoint=["/entrypoint"], Cmd=["echo", "default"])
    image.manifest([root], ["cmd"], Env=[PATH], Cmd=["echo", "the default command"])
    image.manifest([root], ["user"], Env=[PATH], Cmd=["id"], User="guest:guest")
    image.manifest([root], ["workdir"], Env=[PATH], Cmd=["pwd"], WorkingDir="/made/for/work")
    image.manifest([root, Layer().directory("data").file("data/of-the-image", "hidden by the volume\n")], ["volume"], Env=[PATH],
                   Cmd=["sh"], Volumes={"/data": {}, "/made/for data": {}}, WorkingDir="/data/work")
    image.manifest([root], ["env"], Cmd=["env"],
                   Env=[PATH, "EMPTY=", "SPACES=a  b ", "EQUALS=a=b=c", "QUOTES='\"", "DOLLAR=$HOME", "LINES=1\n2", "HOME=/from/image"])
    return image


def make_static():
    """one statically linked program and nothing else: /report, with Env and WorkingDir"""
    source = os.path.join(os.path.dirname(__file__), "report.c")
    with tempfile.TemporaryDirectory() as directory:
        output = os.path.join(directory, "report")
        subprocess.run(["cc", "-static", "-Os", "-s", "-Wall", "-Wextra", "-o", output, source], check=True)
        with open(output, "rb") as file:
            program = file.read()
    image = Image()
    image.manifest([Layer().directory("srv").file("report", program, mode=0o755)],
                   Env=["PATH=/", "IMAGE_VARIABLE=from the image"], Entrypoint=["/report"], WorkingDir="/srv")
    return image


def make_zstd():
    """layers compressed with gzip, with zstd and not at all; tag all: zstd only"""
    image = Image()
    upper = [Layer("zstd").directory("layers").file("layers/zstd", "zstd\n"), Layer("none").file("layers/plain", "plain\n")]
    image.manifest([busybox.root("zstd"), *upper], Env=[PATH], Cmd=["sh"])
    image.manifest([busybox.root("zstd", "zstd"), upper[0]], ["all"], Env=[PATH], Cmd=["sh"])
    return image


def architecture(image, name, variant=None, tags=()):
    """An image for another architecture says which in /architecture; its busybox is a text, as nothing runs it here."""
    other = None if name == "amd64" else f"a busybox for {name} would be here\n".encode()
    marker = Layer().file("architecture", f"{name}{'/' + variant if variant else ''}\n")
    return image.manifest([busybox.root(name, executable=other), marker], tags, name, variant, Env=[PATH], Cmd=["sh"])


def make_multiarch():
    """an OCI index of amd64, arm64/v8 and arm/v7, each naming itself in /architecture; and a build attestation, as BuildKit adds"""
    image = Image()
    platforms = [architecture(image, "arm64", "v8"), architecture(image, "amd64"), architecture(image, "arm", "v7")]
    attestation = image.manifest([Layer().file("attestation", "{}")], (), "unknown")
    attestation["platform"] = {"architecture": "unknown", "os": "unknown"}
    image.index([*platforms, attestation])
    return image


def make_arm64only():
    """nothing for amd64: an index with arm64 alone; tag manifest: a manifest without an index"""
    image = Image()
    image.index([architecture(image, "arm64", "v8", ["manifest"])])
    return image


def make_docker2():
    """Docker schema 2: a manifest; tag list: a manifest list"""
    image = Image(DOCKER)
    image.index([architecture(image, "arm64", "v8"), image.manifest([busybox.root("docker2")], Env=[PATH], Cmd=["sh"])], ["list"])
    return image


def make_wide():
    """70 layers over busybox: /wide/N from layer N, and /wide/last, which each overwrites"""
    image = Image()
    layers = [busybox.root("wide"), Layer().directory("wide")]
    layers += [Layer().file(f"wide/{n}", f"{n}\n").file("wide/last", f"{n}\n") for n in range(1, 70)]
    image.manifest(layers, Env=[PATH], Cmd=["sh"])
    return image


def make_twice():
    """one layer twice, as builds make them of commands that change nothing, with another in between: /twice is of the upper one"""
    image = Image()
    again = Layer().file("twice", "again\n")
    image.manifest([busybox.root("twice"), again, Layer().file("twice", "between\n"), again], Env=[PATH], Cmd=["sh"])
    return image


def make_zeros():
    """256 MiB of zeros in /zeros: small to fetch, large to unpack"""
    image = Image()
    image.manifest([busybox.root("zeros"), Layer().file("zeros", bytes(256 << 20))], Env=[PATH], Cmd=["sh"])
    return image


RECIPES = {"busybox": make_busybox, "twice": make_twice, "static": make_static, "zstd": make_zstd, "multiarch": make_multiarch,
           "arm64only": make_arm64only, "docker2": make_docker2, "wide": make_wide, "zeros": make_zeros}
