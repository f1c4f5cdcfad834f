"""A program that talks MPI (tests/support/mpi), and OpenMPI as Debian has it."""
import os
import subprocess
import tempfile

from . import debian
from .oci import Image, Layer

HERE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../mpi")
PROGRAMS = [os.path.join(HERE, name) for name in ("build", "ring.c", "pmi1-over-pmi2.c")]
SOURCES = [*PROGRAMS, debian.__file__]
PACKAGES = ["openmpi-bin", "libpmi2-0"]


def programs():
    """A layer with /opt/mpi: ring, pmi1-over-pmi2.so."""
    layer = Layer().directory("opt", "opt/mpi")
    with tempfile.TemporaryDirectory() as directory:
        if subprocess.run([PROGRAMS[0], directory]).returncode:
            raise SystemExit("scripts/images: error: the MPI programs cannot be built")
        for name in sorted(os.listdir(directory)):
            with open(os.path.join(directory, name), "rb") as file:
                layer.file(f"opt/mpi/{name}", file.read(), mode=0o755)
    return layer


def make_mpi():
    """Debian 12 with OpenMPI, and a program for it in /opt/mpi"""
    image = Image()
    image.manifest([debian.system("bookworm", "minbase", PACKAGES), programs()], Cmd=["bash"],
                   Env=["PATH=/opt/mpi:" + debian.PATH])
    return image


RECIPES = {"mpi": make_mpi}
