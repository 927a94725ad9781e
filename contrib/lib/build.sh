# build.sh - from a bare Debian machine to a build, for contrib/demo and contrib/check (sourced by them).
#
# build_muster FOLDER [CONFIGURE-OPTION...]  does what is missing or out of date, and nothing else:
# packages (apt), slapd's headers (contrib/slapd-headers), configure, make. The commands set top_srcdir before.
# shellcheck shell=bash
top_srcdir=${top_srcdir:?set by the command that sources this file}

# One row per package; alternatives are separated by |, the first is the one to install.
build_packages=(
	# to build
	git gcc make autoconf automake libtool gettext autopoint xz-utils 'pkgconf|pkg-config'
	libsodium-dev liboath-dev 'libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev' libqrencode-dev
	libinih-dev libcmocka-dev libjansson-dev 'libldap-dev|libldap2-dev' libpam0g-dev libunistring-dev iso-codes
	# to configure slapd's source package
	dpkg-dev libgnutls28-dev libltdl-dev
	# to run: the directory server and what the story and the tests use
	slapd ldap-utils openssl python3 python3-ldap python3-aiosmtpd oathtool pamtester faketime strace valgrind
	shellcheck smstools
)

# Those of them that would run in the background.
build_services=(slapd smstools)

say() { printf '==> %s\n' "$*"; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# packages_missing - print the packages to install, one a line
packages_missing() {
	local row name
	local -A installed=()
	while read -r name; do
		installed[$name]=1
	done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
	for row in "${build_packages[@]}"; do
		for name in ${row//|/ }; do
			[ -z "${installed[$name]:-}" ] || continue 2
		done
		printf '%s\n' "${row%%|*}"
	done
}

# packages_install NAME... - with apt, and without starting a directory server on this machine's port 389 or smsd on its modem
packages_install() (
	policy=/usr/sbin/policy-rc.d
	ours=no
	trap 'if [ "$ours" = yes ]; then as_root rm -f "$policy"; fi' EXIT
	trap 'exit 130' HUP INT TERM

	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		die "installing needs root: run as root  apt-get install $*"
	fi
	as_root apt-get -q update || die "apt-get update failed"
	if [ ! -e "$policy" ]; then
		ours=yes
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@" ||
		die "apt-get install failed; its messages are above"
	for service in "${build_services[@]}"; do
		[[ " $* " == *" $service "* ]] || continue
		# installed by us for its program only: neither running now nor after the next start of the machine
		as_root env PATH="$PATH:/usr/sbin:/sbin" service "$service" stop >/dev/null 2>&1 || true
		as_root env PATH="$PATH:/usr/sbin:/sbin" update-rc.d "$service" disable >/dev/null 2>&1 || true
	done
)

packages_ensure() {
	local missing
	command -v dpkg-query >/dev/null || die "this command needs Debian 12; see doc/CONTRIBUTING.md for building by hand"
	mapfile -t missing < <(packages_missing)
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing the packages that are missing: ${missing[*]}"
	packages_install "${missing[@]}"
}

# configure_stale FOLDER ARGUMENTS - is there no configured build with these arguments in FOLDER?
configure_stale() {
	[ ! -f "$1/Makefile" ] || [ ! -x "$1/config.status" ] || [ "$(cat "$1/configure-arguments" 2>/dev/null)" != "$2" ]
}

# build_muster FOLDER [CONFIGURE-OPTION...]
build_muster() {
	local dir=$1 headers arguments jobs
	shift
	PATH=/usr/bin:$PATH:/usr/sbin:/sbin
	packages_ensure || exit 1
	headers=$("$top_srcdir/contrib/slapd-headers") || exit 1
	if [ ! -x "$top_srcdir/configure" ] || [ ! -f "$top_srcdir/build-aux/tap-driver.sh" ]; then
		say "preparing configure"
		(cd "$top_srcdir" && autoreconf -fi) || die "autoreconf failed"
	fi
	mkdir -p "$dir"
	set -- --with-openldap-source="$headers" "$@"
	arguments=$(printf '%q ' "$@")
	if configure_stale "$dir" "$arguments"; then
		say "configuring in $dir"
		rm -f "$dir/configure-arguments"
		(cd "$dir" && "$top_srcdir/configure" --quiet "$@") || die "configure failed; details are in $dir/config.log"
		printf '%s\n' "$arguments" >"$dir/configure-arguments"
	fi
	jobs=$(nproc)
	say "building in $dir"
	make -C "$dir" -s --no-print-directory -j"$jobs" all || die "the build failed; the first error above is the one to look at"
}
