"""sink - an SMTP server that keeps every message and sends none on.

Job: the only way out of a test's mail system. Answers are scripted by the
local part of a recipient: defer... 451, block... 550, anything else 250.
Usable as a class (inside a test) or as a program: sink.py PORT DIR.
"""
import os
import socketserver
import sys
import threading
import time


class Message:
    """One message as it was delivered: data is the bytes between DATA and the dot."""

    def __init__(self, sender, rcpts, data):
        self.sender, self.rcpts, self.data, self.time = sender, rcpts, data, time.time()

    @property
    def head(self):
        return self.data.split(b"\r\n\r\n", 1)[0]

    @property
    def body(self):
        parts = self.data.split(b"\r\n\r\n", 1)
        return parts[1] if len(parts) == 2 else b""

    def header(self, name):
        for line in self.head.replace(b"\r\n\t", b" ").replace(b"\r\n ", b" ").split(b"\r\n"):
            if line.lower().startswith(name.lower().encode() + b":"):
                return line.split(b":", 1)[1].strip().decode("utf-8", "replace")
        return None


class Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def address(self, line):
        return line.split(b"<", 1)[-1].split(b">", 1)[0].decode("utf-8", "replace")

    def data(self):
        out = []
        while True:
            line = self.rfile.readline()
            if line in (b".\r\n", b""):
                return b"".join(out)
            out.append(line[1:] if line.startswith(b".") else line)

    def handle(self):
        sink, sender, rcpts = self.server.sink, None, []
        self.say("220 sink.test ESMTP")
        while True:
            line = self.rfile.readline(65536)
            verb = line[:4].upper()
            if not line or verb == b"QUIT":
                if line:
                    self.say("221 bye")
                return
            if verb in (b"EHLO", b"HELO"):
                self.say("250-sink.test\r\n250-8BITMIME\r\n250 SIZE 200000000")
            elif verb == b"MAIL":
                sender, rcpts = self.address(line), []
                self.say("250 2.1.0 ok")
            elif verb == b"RCPT":
                rcpt = self.address(line)
                if rcpt.startswith("defer"):
                    self.say("451 4.7.650 temporarily rate limited")
                elif rcpt.startswith("block"):
                    self.say("550 5.7.1 messages from your IP were not sent: block list")
                else:
                    rcpts.append(rcpt)
                    self.say("250 2.1.5 ok")
            elif verb == b"DATA":
                if not rcpts:
                    self.say("503 5.5.1 no recipients")
                    continue
                self.say("354 go on")
                sink.take(Message(sender, rcpts, self.data()))
                self.say("250 2.0.0 Ok: queued as SINK%06d" % len(sink.messages))
            elif verb in (b"RSET", b"NOOP"):
                self.say("250 ok")
            else:
                self.say("502 5.5.2 not here")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


class Sink:
    def __init__(self, port=0, directory=None):
        self.messages, self.lock, self.directory = [], threading.Lock(), directory
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.sink = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, message):
        with self.lock:
            self.messages.append(message)
            if self.directory:
                name = os.path.join(self.directory, "%06d.eml" % len(self.messages))
                with open(name, "wb") as f:
                    f.write(message.data)

    def to(self, address):
        """Messages to this address, or to any address that ends so."""
        with self.lock:
            return [m for m in self.messages if any(r.endswith(address) for r in m.rcpts)]

    def wait(self, address, count, seconds=60):
        end = time.time() + seconds
        while time.time() < end and len(self.to(address)) < count:
            time.sleep(0.05)
        return self.to(address)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    Sink(int(sys.argv[1]), sys.argv[2])
    print("sink: listening at 127.0.0.1:%s, keeping messages in %s" % (sys.argv[1], sys.argv[2]))
    threading.Event().wait()
