"""A running bridge as far as its session map goes, with its HTTP interface.

usage: bridge.py MAP PORT    (port 0: any; the port is printed)

It loads the map at its start (and at SIGHUP), answers from memory, and at each new or ended session
rewrites the whole file in place: open, which truncates, then one JSON dump.

GET    /sessions
DELETE /sessions/<chat>?model=<provider>

For the tests it can be told, by a POST of JSON to /test/…:
open   puts mappings into the memory, and saves
save   saves
busy   opens, changes and ends chats from now on, many a second, until
rest   ends that; answers what came of it
leave  saves with mappings in the file that the memory does not have
stall  saves, but stops for some seconds between truncating and writing
break  from now on answers some requests otherwise (see Fault)
state  what it has in memory, and what it was asked for
"""
import copy
import gzip
import json
import os
import random
import signal
import socket
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

path, port = sys.argv[1], int(sys.argv[2])
LATE_S = 6
MODELS = ["claude-cli", "codex-cli", "gemini-cli", "devstral-small-2", "interactive-discussion"]
# One thing at a time, as in a server with one event loop. The file is not locked.
turn = threading.RLock()
memory = {}
# What it must have: all but the idle chats, changed by chats only, by no DELETE.
expected = {}
counts = {"saves": 0, "opened": 0, "changed": 0, "ended": 0}
asked = {"GET": 0, "DELETE": 0, "elsewhere": 0}


def load(*_):
    global memory, expected
    with open(path) as f:
        memory = json.load(f)
    expected = {
        provider: {chat: session for chat, session in chats.items() if not chat.startswith("idle")}
        for provider, chats in memory.items()
    }


def save(content=None):
    with open(path, "w") as f:
        json.dump(memory if content is None else content, f)
    counts["saves"] += 1


def put(mappings, into):
    for provider, chats in mappings.items():
        for chat, session in chats.items():
            if session is None:
                into.get(provider, {}).pop(chat, None)
            else:
                into.setdefault(provider, {})[chat] = session


class Chats(threading.Thread):
    """Chats with one another: opened, given another session, ended."""

    def __init__(self, project, pause, quiet):
        super().__init__(daemon=True)
        self.project, self.pause, self.quiet = project, pause, quiet
        self.over = threading.Event()

    def run(self):
        self.over.wait(random.random() * self.quiet)
        while not self.over.wait(random.random() * 2 * self.pause):
            with turn:
                self.step()
                save()

    def step(self):
        mine = [chat for chat in expected["claude-cli"] if chat.startswith("open-")]
        what = random.choice(["opened", "opened", "opened", "changed", "ended"] if mine else ["opened"])
        provider = "claude-cli"
        if what == "opened":
            chat = f"open-{uuid.uuid4()}"
            provider = random.choice(["claude-cli", "claude-cli", "devstral-small-2"])
        else:
            chat = random.choice(mine)
        session = None if what == "ended" else self.session()
        put({provider: {chat: session}}, memory)
        put({provider: {chat: session}}, expected)
        counts[what] += 1

    def session(self):
        session = str(uuid.uuid4())
        with open(f"{self.project}/{session}.jsonl", "w") as f:
            f.write("{}\n")
        return session


class Fault:
    """Another answer to a method's requests from the nth on, counted from when it was told.

    how      late (does it after some seconds), silent, trickle, endless, half-way, hang-up, padded, zipped, redirect, die; or none of them:
    status, body  what is answered instead; nothing is done
    does     whether a DELETE is done nevertheless
    switch   mappings that change once: after a GET has looked, or before a DELETE is done
    touch    a file that is touched then, too
    """

    def __init__(self, method, how=None, status=None, body="", does=False, switch=None, touch=None, nth=1):
        self.method, self.how, self.status, self.body = method, how, status, body
        self.does, self.switch, self.touch, self.left = does, switch, touch, nth

    def happen(self):
        put(self.switch or {}, memory)
        put(self.switch or {}, expected)
        if self.switch:
            save()
        if self.touch:
            os.utime(self.touch)
        self.switch = self.touch = None


fault = None
chats = None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.serve("GET", self.sessions)

    def do_DELETE(self):
        self.serve("DELETE", self.forget)

    def serve(self, method, handle):
        url = urlsplit(self.path)
        # As in its router: decoded first, then matched, and a chat has no slash.
        parts = unquote(url.path).split("/")
        if parts[1] != "sessions" or len(parts) > 3:
            asked["elsewhere"] += 1
            return self.answer(404, {"detail": "Not Found"})
        with turn:
            asked[method] += 1
            acting = self.acting(method)
        if acting and acting.how == "late":
            time.sleep(LATE_S)
        with turn:
            if acting and method == "DELETE":
                acting.happen()
            status, body = 200, {"status": "deleted"}
            if not acting or not (acting.how or acting.status) or acting.how == "late" or method == "GET" or acting.does:
                status, body = handle(parts[2:], parse_qs(url.query).get("model", [None])[0])
            if acting and acting.status:
                status, body = acting.status, acting.body
            if acting and method == "GET":
                acting.happen()
        if acting and acting.how and acting.how != "late":
            return getattr(self, acting.how.replace("-", "_"))(json.dumps(body).encode())
        self.answer(status, body)

    def acting(self, method):
        if fault is None or fault.method != method:
            return None
        fault.left -= 1
        return fault if fault.left <= 0 else None

    def sessions(self, parts, _):
        return (200, {"sessions": memory}) if parts == [] else (404, {"detail": "Not Found"})

    def forget(self, parts, model):
        if model not in MODELS:
            return 400, {"detail": f"unknown model {model}"}
        if len(parts) != 1 or parts[0] not in memory.get(model, {}):
            return 404, {"detail": "no such session"}
        del memory[model][parts[0]]
        save()
        return 200, {"status": "deleted", "chat_id": parts[0], "models": [model]}

    def answer(self, status, body):
        self.whole(status, (body if isinstance(body, str) else json.dumps(body)).encode())

    def whole(self, status, data, **headers):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    # The faults.

    def silent(self, _):
        self.connection.recv(1)
        self.close_connection = True

    def trickle(self, data):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        for byte in data:
            self.wfile.write(bytes([byte]))
            time.sleep(0.3)

    def endless(self, _):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b" " * 65536)

    def half_way(self, data):
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.hang_up(data)

    def hang_up(self, _):
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def padded(self, data):
        self.whole(200, data + b" " * 4_000_000)

    def zipped(self, data):
        self.whole(200, gzip.compress(data + b" " * 4_000_000), Content_Encoding="gzip")

    def redirect(self, _):
        self.whole(307, b"{}", Location="/elsewhere")

    def die(self, _):
        os._exit(1)

    # The tests' own way in.

    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        # Each on a connection of its own: the next may go to a bridge that was restarted.
        self.whole(200, json.dumps(self.told(self.path.split("/")[2], told)).encode(), Connection="close")
        self.close_connection = True

    def told(self, what, told):
        global fault, chats
        if what == "rest":
            chats.over.set()
            chats.join()
        if what == "stall":
            threading.Thread(target=stall, args=[told["seconds"]], daemon=True).start()
            while os.path.getsize(path) > 0:
                time.sleep(0.001)
            return {}
        with turn:
            if what == "open":
                put(told, memory)
                save()
            elif what == "save":
                save()
            elif what == "busy":
                chats = Chats(told["project"], told["pause"], told["quiet"])
                chats.start()
            elif what == "leave":
                content = copy.deepcopy(memory)
                put(told, content)
                save(content)
            elif what == "break":
                fault = Fault(**told) if told else None
            return {"memory": memory, "expected": expected, "counts": counts, "asked": asked}

    def log_message(self, *_):
        pass


def stall(seconds):
    with turn, open(path, "w") as f:
        time.sleep(seconds)
        json.dump(memory, f)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that has gone away is nothing to speak of."""


load()
signal.signal(signal.SIGHUP, load)
server = Server(("127.0.0.1", port), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
