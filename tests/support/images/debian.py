"""Real distributions: the smallest Debian in which apt works, from Debian's own archive."""
import copy
import io
import subprocess
import tarfile

from .oci import Image, Layer

# Nobody reads manuals in these.
UNWANTED = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*"]
# What the machine it was made on left in it.
TRACES = ("etc/hostname", "etc/resolv.conf", "var/log/")


PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def archive(suite, variant="apt", packages=()):
    """The distribution with these packages."""
    command = ["mmdebstrap", "--quiet", f"--variant={variant}", "--format=tar", "--dpkgopt=force-unsafe-io",
               *([f"--include={','.join(packages)}"] if packages else []),
               *(f"--dpkgopt=path-exclude={pattern}" for pattern in UNWANTED), suite, "-"]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode:
        what = " with ".join([suite, *packages[:1]])
        raise SystemExit(f"scripts/images: error: mmdebstrap could not make {what}; it says:\n{run.stderr.decode()[-2000:]}")
    return cleaned(run.stdout)


def system(*what):
    """The same as a layer."""
    return Layer(archive=archive(*what))


def debian(*layers):
    image = Image()
    image.manifest(layers, Cmd=["bash"], Env=["PATH=" + PATH])
    return image


def cleaned(raw):
    """An archive without device nodes, as published images are, and without traces of this machine."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(raw)) as whole, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as kept:
        for entry in whole:
            if not entry.isdev() and not (entry.isfile() and entry.name.removeprefix("./").startswith(TRACES)):
                kept.addfile(without_holes(entry), whole.extractfile(entry) if entry.isfile() else None)
    return out.getvalue()


def without_holes(entry):
    """As the file is read from the archive: tar of newer Debians notes where files are sparse, and extractfile() fills them."""
    if not entry.issparse():
        return entry
    entry = copy.copy(entry)
    entry.type, entry.sparse = tarfile.REGTYPE, None
    entry.pax_headers = {key: value for key, value in entry.pax_headers.items() if not key.startswith("GNU.sparse.")}
    return entry


def make_bookworm():
    """Debian 12, with apt"""
    return debian(system("bookworm"))


def make_trixie():
    """Debian 13, with apt"""
    return debian(system("trixie"))


def make_rpm():
    """Debian 12 with dnf and rpm, whose database is where distributions made of such packages have it"""
    macros = Layer().directory("etc", "etc/rpm", "var", "var/lib", "var/lib/rpm").file("etc/rpm/macros", "%_dbpath /var/lib/rpm\n")
    return debian(system("bookworm", "minbase", ["dnf", "rpm"]), macros)


RECIPES = {"bookworm": make_bookworm, "trixie": make_trixie, "rpm": make_rpm}
