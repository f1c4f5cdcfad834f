"""Real distributions: the smallest Debian in which apt works, from Debian's own archive."""
import io
import subprocess
import tarfile

from .oci import Image, Layer

# Nobody reads manuals in these.
UNWANTED = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*"]
# What the machine it was made on left in it.
TRACES = ("etc/hostname", "etc/resolv.conf", "var/log/")


def debian(suite):
    command = ["mmdebstrap", "--quiet", "--variant=apt", "--format=tar", "--dpkgopt=force-unsafe-io",
               *(f"--dpkgopt=path-exclude={pattern}" for pattern in UNWANTED), suite, "-"]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode:
        raise SystemExit(f"scripts/images: error: mmdebstrap could not make {suite}; it says:\n{run.stderr.decode()[-2000:]}")
    image = Image()
    image.manifest([Layer(archive=cleaned(run.stdout))], Cmd=["bash"],
                   Env=["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
    return image


def cleaned(archive):
    """The archive without device nodes, as published images are, and without traces of this machine."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as whole, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as kept:
        for entry in whole:
            if not entry.isdev() and not (entry.isfile() and entry.name.removeprefix("./").startswith(TRACES)):
                kept.addfile(entry, whole.extractfile(entry) if entry.isfile() else None)
    return out.getvalue()


def make_bookworm():
    """Debian 12, with apt"""
    return debian("bookworm")


def make_trixie():
    """Debian 13, with apt"""
    return debian("trixie")


RECIPES = {"bookworm": make_bookworm, "trixie": make_trixie}
