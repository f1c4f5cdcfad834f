"""What somebody with an account on a node can say to the storage helper, and do with what he gets.

Run as root, it starts the helper for a user as the plugin does, becomes that user and gives him the socket."""
import array
import ctypes
import os
import resource
import signal
import socket
import struct
import subprocess

HELLO, CLAIM, BEGIN, BRING, DROP, FINISH, MOUNT, KEEP = range(8)
READY, GRANTED, ABSENT, WANTED, WAITING, SEND, HERE, BROUGHT, MOUNTS, FAILED = range(10)
MAGIC = 0x5059584953000001
VERSION = 1

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000
AT_EMPTY_PATH = 0x1000


def syscall(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def number(value):
    return struct.pack('=Q', value)


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return number(len(data)) + data


def request(kind, image='', kept=0, registry='', repository='', authorization='', reference='', manifest=b'',
            config=b'', container='', layer=0, version=VERSION):
    return (number(version) + number(kind) + text(image) + number(kept) + text(registry) + text(repository) +
            text(authorization) + text(reference) + text(manifest) + text(config) + text(container) + number(layer))


class Reply:
    def __init__(self, body, descriptors):
        self.rest = body
        self.descriptors = descriptors
        self.take()  # version
        self.kind = self.take()
        self.text, self.remedy = self.take_text(), self.take_text()
        self.code, self.layer, self.done, self.total, self.left = (self.take() for _ in range(5))
        self.layers = [self.take() for _ in range(self.take())]

    def take(self):
        value, = struct.unpack_from('=Q', self.rest)
        self.rest = self.rest[8:]
        return value

    def take_text(self):
        length = self.take()
        value, self.rest = self.rest[:length], self.rest[length:]
        return value.decode()


class Helper:
    """The helper's socket, as the engine of a step has it."""

    def __init__(self, program, uid, gid, ask='reachable', http_registries=''):
        arguments = ['serve', str(uid), str(gid), ask, http_registries]
        self.start([program, *arguments], lambda: None)
        self.made_of = (program, uid, gid, ask, http_registries)

    def start(self, command, prepare):
        self.socket, engine = socket.socketpair()
        self.leash, leash = socket.socketpair()
        high = [os.dup2(end.fileno(), n, inheritable=False) for n, end in ((200, engine), (201, leash))]

        def place():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
            prepare()

        subprocess.run(command, preexec_fn=place, pass_fds=(3, 4), check=True)
        for fd in high:
            os.close(fd)
        engine.close()
        leash.close()

    def close(self):
        self.socket.close()
        self.leash.close()

    def send_bytes(self, data, descriptors=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', descriptors))] if descriptors else []
        self.socket.sendmsg([data], ancillary)

    def send(self, body, descriptors=()):
        self.send_bytes(struct.pack('=QQ', MAGIC, len(body)) + body, descriptors)

    def receive(self):
        data, ancillary, _, _ = self.socket.recvmsg(16, socket.CMSG_SPACE(16 * 4), socket.MSG_WAITALL)
        if not data:
            raise EOFError
        descriptors = array.array('i')
        for _, _, content in ancillary:
            descriptors.frombytes(content)
        _, length = struct.unpack('=QQ', data)
        body = b''
        while len(body) < length:
            more = self.socket.recv(length - len(body))
            if not more:
                raise EOFError
            body += more
        return Reply(body, list(descriptors))

    def ask(self, kind, descriptors=(), **fields):
        self.send(request(kind, **fields), descriptors)
        return self.receive()

    def mounts(self, image):
        found = []
        reply = self.ask(MOUNT, image=image)
        while True:
            if reply.kind != MOUNTS:
                return found, reply
            found += reply.descriptors
            if reply.left == 0:
                return found, reply
            reply = self.receive()


class LentHelper(Helper):
    """The helper where it is installed setuid root, as somebody starts it who wishes it no good."""

    def __init__(self, program):
        def spoil():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
            for limit, low in ((resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NPROC, 1), (resource.RLIMIT_NOFILE, 16)):
                resource.setrlimit(limit, (low, resource.getrlimit(limit)[1]))
            os.environ['LD_PRELOAD'] = '/nonexistent.so'
            for fd in range(3):
                os.close(fd)

        self.start([program, 'lend'], spoil)


def become(uid, gid):
    os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE


def own_namespaces():
    """A user and a mount namespace of his own, in which he is root."""
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), 'unshare')
    for name, value in (('setgroups', 'deny'), ('uid_map', f'0 {uid} 1'), ('gid_map', f'0 {gid} 1')):
        with open(f'/proc/self/{name}', 'w') as file:
            file.write(value)


def move_mount(fd, path):
    syscall(429, fd, b'', -100, path.encode(), 4)


def clear_attribute(path, attribute):
    attributes = struct.pack('=QQQQ', 0, attribute, 0, 0)
    syscall(442, -100, path.encode(), 0, attributes, len(attributes))
