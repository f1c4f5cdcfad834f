"""Images that ship files under the names that image files have theirs: distributions have an /etc/rc and an /etc/environment, too."""
from . import busybox
from .oci import Image, Layer
from .plain import PATH


def make_etc_files():
    """busybox with /etc/rc, /etc/environment and /etc/fstab of a distribution, an entry point and a working directory"""
    image = Image()
    own = Layer().file("etc/rc", "#!/bin/sh\necho the runlevel of the distribution\n", mode=0o755)
    own.file("etc/environment", "# of the distribution\nDISTRIBUTION=yes\nPATH=/nowhere\n").file("etc/fstab", "# UNCONFIGURED FSTAB\n")
    own.file("entrypoint", '#!/bin/sh\necho "entry point: $*"\nexec "$@"\n', mode=0o755)
    image.manifest([busybox.root("etc-files"), own], Env=[PATH, "FROM_IMAGE=image"], Entrypoint=["/entrypoint"], WorkingDir="/srv/work")
    return image


RECIPES = {"etc-files": make_etc_files}
