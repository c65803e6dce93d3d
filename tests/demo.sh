#!/bin/sh
# The story, live (tests/e2e/demo.py).   tests/demo.sh BUILD
exec python3 "$(dirname "$0")/e2e/demo.py" "${1:-build}"
