"""What the layers of an image amount to, as the OCI image-spec (layer.md, "Applying Changesets") has it, and a listing of
that: an independent, slow and simple model for tests to compare with.

A line of the listing is

    TYPE MODE SIZE MTIME LINKS CONTENT NAME

TYPE: f, d, l, p as find(1) has them. MODE: octal, as the image says (a store may have to add u+rwx, or drop setuid). SIZE: of
files. MTIME: seconds, of all but directories. LINKS: the first name, in byte order, of those that are one file. CONTENT: SHA-256 of
a file's bytes, or the target of a link. What does not apply is `-`. In names and targets, bytes that are
no visible ASCII, and the backslash, are \\xNN.
"""
import hashlib
import tarfile

TYPES = {tarfile.REGTYPE: "f", tarfile.GNUTYPE_SPARSE: "f", tarfile.DIRTYPE: "d", tarfile.SYMTYPE: "l", tarfile.FIFOTYPE: "p"}
SPARSE_MIB = 1 << 20


class Node:
    def __init__(self, kind, mode=0, mtime=0, data=b"", target=""):
        self.kind, self.mode, self.mtime, self.data, self.target = kind, mode, mtime, data, target


def clean(name):
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def escaped(name):
    return "".join(chr(byte) if 0x21 <= byte <= 0x7e and byte != 0x5c else f"\\x{byte:02x}"
                   for byte in name.encode("utf-8", "surrogateescape"))


def line_of(name, node, first_name):
    content = hashlib.sha256(node.data).hexdigest() if node.kind == "f" else escaped(node.target) if node.kind == "l" else "-"
    return " ".join([node.kind, f"{node.mode:04o}" if node.kind != "l" else "-", str(len(node.data)) if node.kind == "f" else "-",
                     str(int(node.mtime // 1)) if node.kind != "d" else "-", escaped(first_name) if node.kind == "f" else "-", content, escaped(name)])


def data_of(info, data):
    """The bytes of a file, sparse ones (as `layers` makes them) laid out."""
    if info.type == tarfile.GNUTYPE_SPARSE or "GNU.sparse.name" in info.pax_headers:
        return bytes(SPARSE_MIB) + b"data" + bytes(SPARSE_MIB - 4)
    return data


def remove_below(tree, path, names):
    for name in [n for n in names if n.startswith(path + "/")]:
        tree.pop(name, None)


def apply(tree, layer):
    below = set(tree)
    # Marks speak of the layers below only, wherever in their own layer they stand.
    for info, _ in layer.entries:
        parent, _, name = clean(info.name).rpartition("/")
        if name == ".wh..wh..opq":
            remove_below(tree, parent, below)
        elif name.startswith(".wh."):
            path = f"{parent}/{name[4:]}" if parent else name[4:]
            tree.pop(path, None)
            remove_below(tree, path, below)
    for info, data in layer.entries:
        name = clean(info.pax_headers.get("GNU.sparse.name", info.name))
        if not name.rpartition("/")[2].startswith(".wh."):
            put(tree, name, info, data_of(info, data))


def put(tree, name, info, data):
    parts = name.split("/")
    for depth in range(1, len(parts)):
        tree.setdefault("/".join(parts[:depth]), Node("d", 0o755))
    if info.type == tarfile.LNKTYPE:
        tree[name] = tree[clean(info.linkname)]
        return
    node = Node(TYPES[info.type], info.mode, info.mtime, data, info.linkname)
    if node.kind != "d":
        remove_below(tree, name, list(tree))
    tree[name] = node


def listing(layers):
    tree = {}
    for layer in layers:
        apply(tree, layer)
    names = sorted(tree, key=lambda name: name.encode("utf-8", "surrogateescape"))
    first_names = {}
    for name in names:
        first_names.setdefault(id(tree[name]), name)
    return "".join(line_of(name, tree[name], first_names[id(tree[name])]) + "\n" for name in names)
