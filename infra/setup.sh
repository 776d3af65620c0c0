#!/bin/sh
# Makes .venv with Python 3.13 and the locked dependencies; needs Python 3.11+ with pip, nothing else.
# Does nothing when the locks have not changed. Every way it may fail is one line that says what to do.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

stamp=.venv/.locked
locks="requirements/bootstrap.txt requirements/dev.txt pyproject.toml infra/setup.sh"
wanted=$(cat $locks | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

# uv, into a folder of its own: no virtual environment module is needed, and nothing outside this folder is touched.
uv=.pipeline/uv/bin/uv
if ! "$uv" --version >/dev/null 2>&1 || [ requirements/bootstrap.txt -nt .pipeline/uv/.done ]; then
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "python3 on PATH must be 3.11 or newer"
  python3 -m pip --version >/dev/null 2>&1 ||
    fail "python3 has no pip; install it (on Debian: apt-get install python3-pip)"
  say "installing uv"
  rm -rf .pipeline/uv
  python3 -m pip install --quiet --no-deps --require-hashes --target .pipeline/uv --requirement requirements/bootstrap.txt 2>.pipeline-setup.log ||
    { cat .pipeline-setup.log >&2; rm -f .pipeline-setup.log; fail "uv could not be installed; see the lines above, then try again"; }
  rm -f .pipeline-setup.log
  : > .pipeline/uv/.done
fi

# Python 3.13: on PATH, under pyenv, or fetched by uv. A pyenv shim is on PATH without working, so each is tried.
python=
for candidate in python3.13 python3 "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/3.13*/bin/python3.13; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
    python=$(command -v "$candidate")
    break
  fi
done
if [ -z "$python" ]; then
  say "no Python 3.13 on PATH or under pyenv; fetching it with uv"
  "$uv" python install 3.13 >&2 ||
    fail "Python 3.13 could not be fetched; install it (python3.13 on PATH, or pyenv install 3.13) and try again"
  python=$("$uv" python find --managed-python 3.13)
fi

if .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
  say "bringing .venv up to date"
else
  say "making .venv ($("$python" --version))"
  "$uv" venv --quiet --clear --python "$python" .venv ||
    fail "the virtual environment could not be made with $python"
fi
VIRTUAL_ENV=$PWD/.venv "$uv" pip sync --quiet --require-hashes requirements/dev.txt ||
  fail "the dependencies could not be installed; check that the package index can be reached, then try again"
VIRTUAL_ENV=$PWD/.venv "$uv" pip install --quiet --no-deps --no-build-isolation --editable . ||
  fail "the project itself could not be installed"
printf '%s' "$wanted" > "$stamp"
