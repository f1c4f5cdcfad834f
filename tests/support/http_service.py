"""What the test servers share: HTTP/1.1 over threads, one access log line per request, and identities."""
import base64
import http.server
import json
import socketserver
import sys
import threading

# Users as public registries have them, signs of the shell's in their names included. One password is a file, one wants quotes.
LOGINS = dict.fromkeys(("alice", "$oauthtoken", "AWS", "oauth2accesstoken", "00000000-0000-0000-0000-000000000000"), "wonderland")
LOGINS["_json_key"] = '{\n  "type": "service_account",\n  "private_key": "-----\\nwonder$(land)`\\n-----"\n}'
LOGINS["robot$team+puller"] = '$wonder"\\land'


def identity(headers):
    """Who sends these headers: a user name, None for nobody; False if the password is wrong."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value).decode().partition(":")
    except ValueError:
        return False
    return user if LOGINS.get(user) == password else False


class Handler(http.server.BaseHTTPRequestHandler):
    """Subclasses answer in do_GET and so on, through `answer` or `begin`; each answer draws one log line:
    METHOD PATH STATUS [NOTE...]. It is written when the answer begins, so a client never finishes before it is there."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def begin(self, status, headers, note=""):
        sys.stdout.write(f"{self.command} {self.path} {status}{' ' + note if note else ''}\n")
        sys.stdout.flush()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def answer(self, status, body=b"", headers=None, note=""):
        if isinstance(body, (dict, list)):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})}
        self.begin(status, {**(headers or {}), "Content-Length": str(len(body))}, note)
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, message, headers=None, note=""):
        """An error in the form of the OCI distribution-spec, "Error Codes"."""
        self.answer(status, {"errors": [{"code": code, "message": message}]}, headers, note)

    def log_message(self, *_):
        """The line is written by `begin`."""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        """Clients that are killed are what these servers are for."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def run(*servers):
    """Serves on all of them for ever; says so first."""
    print("ready", flush=True)
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()
