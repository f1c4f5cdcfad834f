"""Uploading to a registry (OCI distribution-spec, "Pushing"): each blob in one piece, then the manifests."""
import http.client
import urllib.parse

from .oci import digest_of


class Registry:
    def __init__(self, host, port):
        self.address = f"{host}:{port}"
        self.connection = http.client.HTTPConnection(host, port)

    def request(self, method, path, body=None, headers=None, expect=()):
        try:
            self.connection.request(method, path, body, headers or {})
            response = self.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise SystemExit(f"scripts/images: error: no registry answers at {self.address}: {error}\n    Remedy: scripts/registry up") from None
        if response.status not in expect:
            raise SystemExit(f"scripts/images: error: {self.address} answers {response.status} to {method} {path}: {text.decode()[:300]}")
        return response

    def push_blob(self, repository, digest, read):
        """READ gives the blob's bytes; it is called only if the registry does not have them."""
        if self.request("HEAD", f"/v2/{repository}/blobs/{digest}", expect=(200, 404)).status == 200:
            return
        upload = self.request("POST", f"/v2/{repository}/blobs/uploads/", expect=(202,)).headers["Location"]
        url = urllib.parse.urlsplit(upload)
        query = "&".join(filter(None, [url.query, f"digest={digest}"]))
        self.request("PUT", f"{url.path}?{query}", read(), {"Content-Type": "application/octet-stream"}, expect=(201,))

    def push_manifest(self, repository, tags, media_type, data):
        for reference in [digest_of(data), *tags]:
            self.request("PUT", f"/v2/{repository}/manifests/{reference}", data, {"Content-Type": media_type}, expect=(201,))
