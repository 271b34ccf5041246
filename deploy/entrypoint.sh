#!/bin/sh
# Runs one part of dfsweb in a container: gateway, worker, beat, node, or `manage` with a command of Django's.
# Secrets that are not given are made once by the gateway and kept in volumes; the other parts read them there.
set -eu
umask 077
secrets=${SECRETS_FOLDER:-/secrets}
cluster=$secrets/cluster # for gateway, worker and beat alone
shared=$secrets/shared   # for storage nodes, too

fail() { echo "dfsweb: $*" >&2; exit 2; }

# Keep a random secret in file $1 unless the variable of that name is given or the file is there.
keep() {
    eval "given=\${$(basename "$1"):-}"
    if [ -n "$given" ] || [ -s "$1" ]; then return; fi
    fresh=$(mktemp "$1.XXXXXX") || fail "$1 cannot be made; is its volume mounted and writable?"
    python -c 'import secrets; print(secrets.token_hex(32))' >"$fresh"
    sync "$fresh"
    # A link never replaces: of two gateways that start together, one makes the secret.
    ln "$fresh" "$1" || [ -s "$1" ] || fail "$1 cannot be made."
    rm "$fresh"
}

keep_all() {
    for name in SECRET_KEY CLUSTER_SECRET ADMIN_PASSWORD; do keep "$cluster/$name"; done
    for name in JOIN_TOKEN METRICS_TOKEN; do keep "$shared/$name"; done
    sync "$cluster" "$shared"
}

# Export the secret in file $1, unless the variable of that name is given.
use() {
    name=$(basename "$1")
    eval "given=\${$name:-}"
    if [ -z "$given" ]; then
        [ -s "$1" ] || fail "$name is not given, and not in $1: start the gateway first, which makes it."
        given=$(cat "$1")
    fi
    export "$name=$given"
}

use_all() {
    for name in SECRET_KEY CLUSTER_SECRET; do use "$cluster/$name"; done
    for name in JOIN_TOKEN METRICS_TOKEN; do use "$shared/$name"; done
}

part=${1:-}
[ $# -eq 0 ] || shift
case $part in
gateway)
    keep_all
    use_all
    # Without TLS, as on loopback, Django's warnings about it are shown but stop nothing.
    case ${SECURE:-} in 1 | true | True | on) level=WARNING ;; *) level=ERROR ;; esac
    python manage.py check --deploy --fail-level $level
    python manage.py migrate --no-input
    (use "$cluster/ADMIN_PASSWORD" && exec python manage.py ensure_admin)
    unset ADMIN_PASSWORD
    # What the gateway's processes count together; begun anew with them.
    export PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
    rm -rf "$PROMETHEUS_MULTIPROC_DIR"
    mkdir "$PROMETHEUS_MULTIPROC_DIR"
    exec gunicorn dfsweb.wsgi:application --config python:dfsweb.launcher.gateway_children \
        --bind 0.0.0.0:8000 --graceful-timeout 25 --worker-tmp-dir /dev/shm "$@"
    ;;
worker)
    use_all
    exec celery --skip-checks --app dfsweb.pulse:app worker --concurrency 3 -O fair --prefetch-multiplier 1 \
        --include dfsweb.launcher.worker_children --without-gossip --without-mingle --loglevel INFO "$@"
    ;;
beat)
    use_all
    exec celery --skip-checks --app dfsweb.pulse:app beat --schedule /tmp/schedule --loglevel INFO "$@"
    ;;
node)
    use "$shared/JOIN_TOKEN"
    use "$shared/METRICS_TOKEN"
    exec python -m storagenode
    ;;
manage)
    use_all
    exec python manage.py "$@"
    ;;
secrets)
    keep_all
    ;;
*)
    fail "say which part to run: gateway, worker, beat, node, manage or secrets, not “$part”."
    ;;
esac
