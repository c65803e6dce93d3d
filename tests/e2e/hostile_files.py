"""hostile_files - files of one size made to cost a scanner dear. Nothing in them does anything.

Each row: name, what it is aimed at, bytes(size).
"""
import base64
import glob
import os
import random
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


def repeat(text, head="<?php\n", tail=""):
    def make(size):
        one = text.encode("latin-1") if isinstance(text, str) else text
        room = size - len(head) - len(tail)
        return head.encode() + (one * (room // len(one) + 1))[:room] + tail.encode()
    return make


def nested(size):
    """eval(base64_decode("... of eval(base64_decode("...: layers until it is full."""
    text = b"echo 1;"
    while True:
        more = b'eval(base64_decode("' + base64.b64encode(text) + b'"));'
        if len(more) + 6 > size:
            return b"<?php " + text.ljust(size - 6)
        text = more


def bomb(size):
    """gzinflate of zeros: a thousand times its size when unpacked, again and again."""
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    flat = z.compress(b"$a=1;" * 800000) + z.flush()
    one = b"eval(gzinflate(base64_decode('" + base64.b64encode(flat) + b"')));\n"
    return repeat(one.decode())(size)


def variables(size):
    """Every statement needs the one before it."""
    out, n, i = [b"<?php $v0='a';\n"], 15, 0
    while n < size:
        i += 1
        line = b"$v%d=$v%d.$v%d;\n" % (i, i - 1, i // 2)
        out.append(line)
        n += len(line)
    return b"".join(out)[:size]


def noise(size):
    return b"<?php " + random.Random(7).randbytes(size - 6)


def letters(size):
    r = random.Random(8)
    return b"<?php " + bytes(r.choices(b"$ae_({[)}];.,'\"=/*@#?<> \n", k=size - 6))


ROWS = [
    ("dot-chain", "a repeat inside a repeat", repeat("$a.")),
    ("array-udiff", "the same", repeat("array_udiff( a , ")),
    ("preg-replace", "one start after the other", repeat("preg_replace( ")),
    ("base64-call", "one start after the other", repeat("base64_decode(")),
    ("plain-text", "nothing: for comparison", repeat("Lorem ipsum dolor sit amet. ", "")),
    ("parens", "depth", repeat("(")),
    ("braces", "depth", repeat("{")),
    ("brackets", "depth", repeat("$a[")),
    ("ternary", "depth", repeat("$a?")),
    ("closures", "depth", repeat("function(){return ")),
    ("concat", "folding of constants", repeat("'a'.", "<?php $x=", "'a';")),
    ("chr", "folding of calls", repeat("chr(101).", "<?php $x=", "'a';")),
    ("escapes", "unescaping", repeat("\\x65", '<?php $x="', '";')),
    ("quotes", "strings without end", repeat("'\"")),
    ("comments", "comments without end", repeat("/*/")),
    ("heredocs", "here documents", repeat("<<<A\n")),
    ("tags", "open tags", repeat("<?php ?>", "")),
    ("short-tags", "tags that are none", repeat("<?<%", "")),
    ("request", "a finding's beginning", repeat("$_POST['a']($_GET[")),
    ("eval", "a finding's beginning", repeat("eval(")),
    ("mail", "a finding's beginning", repeat("mail($to,")),
    ("variable-call", "a finding's beginning", repeat("${\"a\"}(")),
    ("include", "a finding's beginning", repeat("@include \"")),
    ("spaces", "white space between words", repeat("eval                              ")),
    ("newlines", "lines", repeat("\n")),
    ("one-word", "a name of 1 MB", repeat("a")),
    ("upper-dots", "case and dots", repeat("$A . $b . ")),
    ("goto", "jumps", repeat("goto a;a:")),
    ("nested", "layers", nested),
    ("bomb", "what unpacks to much more", bomb),
    ("variables", "chains of variables", variables),
    ("noise", "bytes", noise),
    ("letters", "tokens without order", letters),
]


def samples():
    """Each sample the rules find, again and again: everything in it must be looked at."""
    for path in sorted(glob.glob(os.path.join(HERE, "../samples/hit/*"))):
        with open(path, "rb") as f:
            text = base64.b64decode(f.read())
        name = os.path.basename(path).split(".")[0]
        yield ("sample-" + name, "the rules' own sample", repeat(text, "", ""))


def rows():
    return ROWS + list(samples())
