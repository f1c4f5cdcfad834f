"""A program that talks MPI (tests/support/mpi), and OpenMPI as Debian has it."""
import os
import subprocess
import tempfile

from . import debian
from .oci import Image, Layer

HERE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../mpi")
SOURCES = [os.path.join(HERE, name) for name in ("build", "ring.c", "pmi1-over-pmi2.c")]
SUITE = "bookworm"
PACKAGES = ["openmpi-bin", "libpmi2-0"]


def system():
    """A layer with the distribution."""
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", "--dpkgopt=force-unsafe-io", f"--include={','.join(PACKAGES)}",
               *(f"--dpkgopt=path-exclude={pattern}" for pattern in debian.UNWANTED), SUITE, "-"]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode:
        raise SystemExit(f"scripts/images: error: mmdebstrap could not make {SUITE} with OpenMPI; it says:\n{run.stderr.decode()[-2000:]}")
    return Layer(archive=debian.cleaned(run.stdout))


def programs():
    """A layer with /opt/mpi: ring, pmi1-over-pmi2.so."""
    layer = Layer().directory("opt", "opt/mpi")
    with tempfile.TemporaryDirectory() as directory:
        if subprocess.run([SOURCES[0], directory]).returncode:
            raise SystemExit("scripts/images: error: the MPI programs cannot be built")
        for name in sorted(os.listdir(directory)):
            with open(os.path.join(directory, name), "rb") as file:
                layer.file(f"opt/mpi/{name}", file.read(), mode=0o755)
    return layer


def make_mpi():
    """Debian 12 with OpenMPI, and a program for it in /opt/mpi"""
    image = Image()
    image.manifest([system(), programs()], Cmd=["bash"],
                   Env=["PATH=/opt/mpi:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    return image


RECIPES = {"mpi": make_mpi}
