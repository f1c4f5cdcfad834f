"""Built images on disk, so that each is made once: a directory per image, named after a hash of all that made it.

    NAME-KEY/blobs/sha256:...   the blobs
    NAME-KEY/manifests.json     [[tags, media type, manifest as text], ...]
    NAME-KEY/expected           the listing of what the layers amount to, where the recipe knows it
"""
import contextlib
import hashlib
import inspect
import json
import os
import shutil
import tempfile

from . import busybox, expected, oci


def key_of(make):
    """Changes when the recipe's module changes, or what it stands on."""
    module = inspect.getsourcefile(inspect.getmodule(make))
    files = [module, oci.__file__, expected.__file__, *getattr(inspect.getmodule(make), "SOURCES", [])]
    if not module.endswith("/debian.py"):
        here = os.path.dirname(module)
        files += [busybox.program(), *(f"{here}/{name}" for name in ("busybox.py", "plain.py", "report.c"))]
    total = hashlib.sha256()
    for path in files:
        with open(path, "rb") as file:
            total.update(hashlib.sha256(file.read()).digest())
    return total.hexdigest()[:16]


class Cache:
    def __init__(self, directory):
        self.directory = directory
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError as error:
            raise SystemExit(f"scripts/images: error: {directory}: {error.strerror}\n    Remedy: name another directory in PYXIS_IMAGE_CACHE.") from None

    def path(self, name, make):
        return os.path.join(self.directory, f"{name}-{key_of(make)}")

    def has(self, name, make):
        return os.path.exists(self.path(name, make))

    def build(self, name, make):
        """Makes the image under a name of its own first, so that one that was interrupted is never taken for whole."""
        image, final = make(), self.path(name, make)
        temporary = tempfile.mkdtemp(prefix=f".{name}-", dir=self.directory)
        os.mkdir(f"{temporary}/blobs")
        for digest, data in image.blobs.items():
            with open(f"{temporary}/blobs/{digest}", "wb") as file:
                file.write(data)
        with open(f"{temporary}/manifests.json", "w") as file:
            json.dump([[tags, media_type, data.decode()] for tags, media_type, data in image.manifests], file)
        if hasattr(image, "layers"):
            with open(f"{temporary}/expected", "w") as file:
                file.write(expected.listing(image.layers))
        self.forget_older(name, final)
        with contextlib.suppress(OSError):  # another process made it meanwhile
            os.rename(temporary, final)
        shutil.rmtree(temporary, ignore_errors=True)

    def forget_older(self, name, final):
        for entry in os.listdir(self.directory):
            if entry.rpartition("-")[0] == name and entry != os.path.basename(final):
                shutil.rmtree(os.path.join(self.directory, entry), ignore_errors=True)

    def push(self, name, make, registry, repository):
        path = self.path(name, make)
        for digest in os.listdir(f"{path}/blobs"):
            registry.push_blob(repository, digest, lambda digest=digest: self.read(f"{path}/blobs/{digest}"))
        for tags, media_type, text in json.loads(self.read(f"{path}/manifests.json")):
            registry.push_manifest(repository, tags, media_type, text.encode())

    @staticmethod
    def read(path):
        with open(path, "rb") as file:
            return file.read()
