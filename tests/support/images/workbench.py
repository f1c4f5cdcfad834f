"""What people work with in a container: Python, a debugger, and an ssh server."""
from . import debian
from .oci import Image

SOURCES = [debian.__file__]
PACKAGES = ["openssh-server", "python3", "gdb", "procps"]


def make_workbench():
    """Debian 12 with Python, gdb and sshd; tag pytorch: with PYTORCH_VERSION set, and no PyTorch in it"""
    image, path = Image(), "PATH=" + debian.PATH
    root = debian.system("bookworm", "minbase", PACKAGES)
    root.compression = "zstd"
    image.manifest([root], Cmd=["bash"], Env=[path])
    image.manifest([root], ["pytorch"], Cmd=["bash"], Env=[path, "PYTORCH_VERSION=2.1.0"])
    return image


RECIPES = {"workbench": make_workbench}
