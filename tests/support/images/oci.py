"""Images as values: layers made entry by entry, manifests and indexes in the media types of OCI or Docker.

Nothing is checked or tidied on the way: what a recipe says goes into the archive, be it hostile or odd. All is
reproducible: no clock, no user names of this machine.
"""
import gzip
import hashlib
import io
import json
import subprocess
import tarfile

MTIME = 1700000000
OCI = {
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "index": "application/vnd.oci.image.index.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "none": "application/vnd.oci.image.layer.v1.tar",
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
}
DOCKER = {
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "index": "application/vnd.docker.distribution.manifest.list.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "none": "application/vnd.docker.image.rootfs.diff.tar",
    "gzip": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layer:
    """A tar archive in the making. `entries` are (TarInfo, data), in their order, for whoever wants to know what is in it."""

    def __init__(self, compression="gzip", tar_format=tarfile.PAX_FORMAT, archive=None):
        self.compression, self.tar_format, self.archive, self.entries = compression, tar_format, archive, []

    def add(self, name, kind, data=b"", **fields):
        """An entry of tar type KIND. FIELDS are TarInfo's: mode, mtime, linkname, devmajor, pax_headers..."""
        info = tarfile.TarInfo(name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"))
        info.type, info.mtime, info.size = kind, MTIME, len(data)
        for field, value in fields.items():
            setattr(info, field, value)
        self.entries.append((info, data))
        return self

    def file(self, name, data=b"", mode=0o644, **fields):
        return self.add(name, tarfile.REGTYPE, data.encode() if isinstance(data, str) else data, mode=mode, **fields)

    def directory(self, *names, mode=0o755, **fields):
        for name in names:
            self.add(name, tarfile.DIRTYPE, mode=mode, **fields)
        return self

    def symlink(self, name, target, **fields):
        return self.add(name, tarfile.SYMTYPE, mode=0o777, linkname=target, **fields)

    def hardlink(self, name, target, **fields):
        return self.add(name, tarfile.LNKTYPE, linkname=target, **fields)

    def whiteout(self, path):
        """Removes PATH of the layers below (OCI image-spec, layer.md, "Whiteouts")."""
        parent, _, name = path.rpartition("/")
        return self.file(f"{parent}/.wh.{name}" if parent else f".wh.{name}")

    def opaque(self, path):
        """Removes all that the layers below have in the directory PATH."""
        return self.file(f"{path}/.wh..wh..opq")

    def tar(self):
        if self.archive is not None:
            return self.archive
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=self.tar_format, encoding="utf-8", errors="surrogateescape") as tar:
            for info, data in self.entries:
                tar.addfile(info, io.BytesIO(data))
        return out.getvalue()

    def blob(self, tar):
        if self.compression == "gzip":
            return gzip.compress(tar, 6, mtime=0)
        if self.compression == "zstd":
            return subprocess.run(["zstd", "-q", "-c"], input=tar, stdout=subprocess.PIPE, check=True).stdout
        return tar


class Image:
    """What a recipe gives: blobs by digest, and (tags, media type, bytes) of manifests, the inner ones first."""

    def __init__(self, types=None):
        self.types, self.blobs, self.manifests = types or OCI, {}, []

    def descriptor(self, media_type, data, **more):
        return {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **more}

    def store(self, data):
        self.blobs[digest_of(data)] = data
        return data

    def manifest(self, layers, tags=("latest",), architecture="amd64", variant=None, diff_ids=None, **config):
        """Adds an image of LAYERS; CONFIG is its execution part (Env, Cmd, Entrypoint, User, WorkingDir...).
        Returns its descriptor, as an index wants it."""
        tars = [layer.tar() for layer in layers]
        platform = {"architecture": architecture, "os": "linux", **({"variant": variant} if variant else {})}
        settings = self.store(json.dumps({
            **platform, "created": "2023-11-14T22:13:20Z", "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids or [digest_of(tar) for tar in tars]},
            "history": [{"created": "2023-11-14T22:13:20Z", "created_by": "pyxis tests"} for _ in layers],
        }).encode())
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": self.types["manifest"],
            "config": self.descriptor(self.types["config"], settings),
            "layers": [self.descriptor(self.types[layer.compression], self.store(layer.blob(tar)))
                       for layer, tar in zip(layers, tars)],
        }).encode()
        self.manifests.append((list(tags), self.types["manifest"], manifest))
        return self.descriptor(self.types["manifest"], manifest, platform=platform)

    def index(self, descriptors, tags=("latest",)):
        index = json.dumps({"schemaVersion": 2, "mediaType": self.types["index"], "manifests": descriptors}).encode()
        self.manifests.append((list(tags), self.types["index"], index))
