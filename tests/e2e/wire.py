"""wire - the messages of msg.def, for tests that play a process.

The type numbers are read from msg.def itself, so that they cannot go stale.
"""
import os
import re
import socket
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
_def = open(os.path.join(HERE, "../../daemon/common/msg.def")).read()
_msgh = open(os.path.join(HERE, "../../daemon/common/msg.h")).read()
VERSION = int(re.search(r"#define MSG_VERSION (\d+)", _msgh).group(1))
NAMES = re.findall(r"^\tM\((\w+),", _def, re.M)
TYPE = {name: i + 1 for i, name in enumerate(NAMES)}
FIELDS = {m.group(1).upper(): re.findall(r"\b([UISB])\((\w+)\)", m.group(2).replace("\\\n", " "))
          for m in re.finditer(r"#define MSG_(\w+)\(U, I, S, B\)((?:.*\\\n)*.*)", _def)}


def pack(name, **values):
    out = b""
    for kind, field in FIELDS[name]:
        v = values.get(field, 0 if kind in "UI" else b"")
        if kind in "UI":
            out += struct.pack("=Q" if kind == "U" else "=q", v)
        else:
            v = v.encode() if isinstance(v, str) else v
            v += b"\0" if kind == "S" else b""
            out += struct.pack("=I", len(v)) + v
    return struct.pack("=HHI", VERSION, TYPE[name], len(out)) + out


def unpack(data):
    _, number, _ = struct.unpack_from("=HHI", data)
    name, at, out = NAMES[number - 1], 8, {}
    for kind, field in FIELDS[name]:
        if kind in "UI":
            out[field], = struct.unpack_from("=Q" if kind == "U" else "=q", data, at)
            at += 8
        else:
            n, = struct.unpack_from("=I", data, at)
            out[field] = data[at + 4:at + 4 + n]
            if kind == "S":
                out[field] = out[field][:-1].decode("utf-8", "replace")
            at += 4 + n
    return name, out


def listen(path, backlog=8):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.bind(path)
    os.chmod(path, 0o666)
    s.listen(backlog)
    return s
