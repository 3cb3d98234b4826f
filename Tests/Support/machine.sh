# Sourced by Tests/run and deploy/try: what a Debian 12 with the Swift toolchain lacks, and where things go.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { echo "== $*" >&2; }

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# Installs the Debian packages that are missing, with one apt-get update, and starts none of their services.
need_packages() {
    local missing=() package
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || die "these packages are missing, and only root can install them: ${missing[*]}"
    say "installing ${missing[*]}"
    # Debian would make a cluster and start it; the tests make their own.
    mkdir -p /etc/postgresql-common
    grep -qs '^create_main_cluster' /etc/postgresql-common/createcluster.conf ||
        echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        ours=yes
    fi
    local status=0
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } \
        >&2 </dev/null || status=$?
    [ -z "$ours" ] || rm -f "$policy"
    [ "$status" -eq 0 ] || die "apt-get failed"
}

# The user that servers run as must be able to reach what it runs: under /root it cannot.
server_user_reaches() {
    [ "$(id -u)" -ne 0 ] || setpriv --reuid postgres --regid postgres --init-groups test -x "$1"
}

# Sets HOWDAH_TEST_CACHE, where PostgreSQL and the cluster templates are kept from one run to the next.
use_cache() {
    [ -z "${HOWDAH_TEST_CACHE:-}" ] || return 0
    if server_user_reaches "$root"; then
        HOWDAH_TEST_CACHE=$root/.build/postgres
    else
        HOWDAH_TEST_CACHE=/var/tmp/howdah-test-cache
    fi
    export HOWDAH_TEST_CACHE
}

# Sets HOWDAH_BINARY and HOWDAH_PROBE_BINARY to release builds that the servers' user can run.
use_binaries() {
    local built=$root/.build/release
    if ! server_user_reaches "$built"; then
        mkdir -p "$HOWDAH_TEST_CACHE/bin"
        chmod a+rx "$HOWDAH_TEST_CACHE" "$HOWDAH_TEST_CACHE/bin"
        cp -f --remove-destination "$built/howdah" "$built/howdah-probe" "$HOWDAH_TEST_CACHE/bin/"
        built=$HOWDAH_TEST_CACHE/bin
    fi
    export HOWDAH_BINARY=$built/howdah HOWDAH_PROBE_BINARY=$built/howdah-probe
}

# The release build: one static standard library in, the probe without any library.
build_release() {
    local product
    command -v swift >/dev/null || die "there is no swift on the PATH: install the Swift 6.3 toolchain"
    for product; do
        say "building $product"
        (cd "$root" && swift build -c release --static-swift-stdlib \
            --explicit-target-dependency-import-check error --product "$product") >&2
    done
}
