#!/bin/sh
# Install Debian packages, most of which bear the name of their program: as root those that are missing, otherwise say how.
# What is a service is neither started nor enabled: tests run their own.
set -eu

missing=""
for program in "$@"; do
    case $program in
        dovecot) package=dovecot-imapd ;;
        java) package=default-jre-headless ;;
        soffice) package=libreoffice-calc-nogui ;;
        *) package=$program ;;
    esac
    command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Some tests will be skipped, because programs are missing. To run them: sudo apt-get install$missing"
    exit 0
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # one word a package
if ! { apt-get update -qq && apt-get install -y -qq $missing >/dev/null; }; then
    echo "Some tests will be skipped, because these could not be installed:$missing"
fi
for service in $missing epmd; do
    if command -v systemctl >/dev/null; then systemctl disable --quiet "$service" 2>/dev/null || true; fi
done
