"""fcgi - ask a php-fpm pool to run a script, as a web server would."""
import os
import socket
import struct


def _pair(name, value):
    name, value = name.encode(), value.encode()

    def length(n):
        return struct.pack("!B", n) if n < 128 else struct.pack("!I", n | 0x80000000)
    return length(len(name)) + length(len(value)) + name + value


def _record(kind, body):
    return struct.pack("!BBHHBB", 1, kind, 1, len(body), 0, 0) + body


def request(path, script, root, uri=None, query="", post=b"", timeout=120):
    """Run script through the pool at the socket path; returns (stdout, stderr)."""
    params = {
        "SCRIPT_FILENAME": script, "DOCUMENT_ROOT": root, "QUERY_STRING": query,
        "REQUEST_METHOD": "POST" if post else "GET", "REMOTE_ADDR": "203.0.113.77",
        "SCRIPT_NAME": "/" + os.path.relpath(script, root), "SERVER_NAME": "shop.test",
        "REQUEST_URI": uri or "/" + os.path.relpath(script, root), "SERVER_PROTOCOL": "HTTP/1.1",
        "GATEWAY_INTERFACE": "CGI/1.1", "HTTP_HOST": "shop.test",
    }
    if post:
        params["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        params["CONTENT_LENGTH"] = str(len(post))
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)
    s.connect(path)
    block = b"".join(_pair(k, v) for k, v in params.items())
    s.sendall(_record(1, struct.pack("!HB5x", 1, 0)) + _record(4, block) + _record(4, b""))
    for at in range(0, len(post), 60000):
        s.sendall(_record(5, post[at:at + 60000]))
    s.sendall(_record(5, b""))
    out, err = b"", b""
    stream = s.makefile("rb")
    while True:
        head = stream.read(8)
        if len(head) < 8:
            break
        _, kind, _, size, pad, _ = struct.unpack("!BBHHBB", head)
        body = stream.read(size + pad)[:size]
        if kind == 6:
            out += body
        elif kind == 7:
            err += body
        elif kind == 3:
            break
    s.close()
    return out, err
