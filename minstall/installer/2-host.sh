# --- the host: its platform, and what is installed ---

find_platform() {
	platform=$(
		ID='' VERSION_ID=''
		. /etc/os-release 2> /dev/null
		case $ID in
		rhel | rocky | almalinux | centos | ol) echo "rhel-${VERSION_ID%%.*}" ;;
		sles | sles_sap) echo "sles-${VERSION_ID%%.*}" ;;
		ubuntu) echo "ubuntu-$VERSION_ID" ;;
		*) echo "${ID:-unknown}-${VERSION_ID%%.*}" ;;
		esac
	)
	architecture=$(uname -m)
}

find_manager() {
	for manager in dnf yum zypper apt-get; do
		! command -v $manager > /dev/null || return 0
	done
	manager=''
}

version_of() { # FILE: of a package, in the form of find_installed
	basename "$1" | sed 's/^dm-import[-_]\([^-]*-[0-9]*\.[0-9a-z]*\).*/\1/'
}

# The kit's package for this host, and its version.
find_package() {
	package='' kit_version=''
	if [ "$manager" = apt-get ]; then
		set -- "$kit/packages/$platform"/dm-import_*_"$(dpkg --print-architecture)".deb
	else
		set -- "$kit/packages/$platform"/dm-import-*."$architecture".rpm
	fi
	[ $# -eq 1 ] && [ -f "$1" ] || return 0
	package=$1
	kit_version=$(version_of "$package")
}

# As packages number it: 1.0-<count>.<commit>
find_installed() {
	command -v importcli > /dev/null || return 0
	installed=$(importcli ha_version 2> /dev/null | awk '
		/^HA version:/ { version = $NF }
		/^Build version:/ { split($NF, build, "_"); print version "-" build[2] "." build[1] }')
}

# The copy of the installed package that an earlier minstall kept.
find_old_package() {
	for file in "$kept"/dm-import*; do
		[ ! -f "$file" ] || [ "$(version_of "$file")" != "$installed" ] || old_package=$file
	done
}

setting() { # NAME DEFAULT: of [server] in agent.conf
	[ -e "$conf" ] || { echo "$2"; return; }
	awk -F '[ \t]*[=:][ \t]*' -v name="$1" -v value="$2" '
		/^[ \t]*\[/ { inside = $0 ~ /^[ \t]*\[server\]/ }
		{ key = $1; sub(/^[ \t]*/, "", key) }
		inside && key == name { value = $0; sub(/^[^=:]*[=:][ \t]*/, "", value); sub(/[ \t]*([ \t];.*)?$/, "", value) }
		END { print value }' "$conf"
}

is_active() { # UNIT...: one of them is active
	systemctl --quiet is-active "$@" 2> /dev/null
}
