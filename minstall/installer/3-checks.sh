# --- checks: each reports what is wrong with finding() ---

check_platform() {
	kits=$(cd "$kit/packages" 2> /dev/null && echo */ | tr -d /)
	if [ -z "$manager" ]; then
		finding "there is no dnf, yum, zypper or apt-get." "Use a host with RHEL, SLES or Debian."
	elif [ ! -d "$kit/packages/$platform" ]; then
		finding "this kit has no package for $platform, only for: $kits." "Use the kit for this operating system, or another host."
	elif [ -z "$package" ]; then
		finding "this kit has no package for $architecture under packages/$platform." "Use the kit for this architecture."
	fi
	[ "$(printf '%s\n' 4.18 "$(uname -r)" | sort -V | head -n 1)" = 4.18 ] ||
		finding "the kernel is $(uname -r); 4.18 or later is needed." "Update the operating system."
}

check_services() {
	if [ ! -d /run/systemd/system ]; then
		finding "this host does not run systemd." "Use a host that was booted with systemd."
		return
	fi
	is_active systemd-udevd.service ||
		finding "udev does not run." "Start it: systemctl start systemd-udevd"
	is_active multipathd.service ||
		finding "multipathd does not run." "Set up multipath for your LUNs, then: systemctl enable --now multipathd"
	command -v sg_persist > /dev/null ||
		finding "sg3_utils is missing." "Install the package sg3_utils (Debian: sg3-utils)."
}

check_protocol() {
	case $protocol in
	iscsi)
		is_active iscsid.service iscsid.socket ||
			finding "iscsid does not run, which iSCSI needs." "Start it: systemctl enable --now iscsid"
		;;
	fc)
		[ -n "$(ls /sys/class/fc_host 2> /dev/null)" ] ||
			finding "there is no Fibre Channel port (/sys/class/fc_host)." "Check adapter and driver, or use --iscsiprotocol."
		;;
	esac
}

check_other_multipath() {
	for module in emcp:PowerPath vxdmp:'Veritas DMP' dm_switch:'the EqualLogic Host Integration Tools'; do
		[ ! -d "/sys/module/${module%%:*}" ] ||
			finding "another multipath product is active: ${module#*:}." "Remove it; two path managers cannot share a LUN."
	done
}

check_adapter() {
	[ -n "$adapter" ] || return 0
	if ! command -v ip > /dev/null; then
		finding "the command ip is missing." "Install the package iproute2 (RHEL: iproute)."
	elif is_one_of "${adapter%%:*}" "fe80 FE80"; then
		finding "$adapter is a link-local address, to which no orchestrator can connect." "Use one of: $(addresses)."
	elif [ -z "$(ip -o addr show to "$adapter" 2> /dev/null)" ]; then
		finding "$adapter is not an address of this host." "Use one of: $(addresses)."
	fi
}

addresses() {
	ip -o addr show scope global | awk '{ sub(/\/.*/, "", $4); printf "%s%s", n++ ? ", " : "", $4 }'
}

# A port of another program: a running agent keeps its own.
check_port() {
	wanted=${port:-$(setting port 8443)}
	[ "$wanted" != "$(setting port 8443)" ] || ! is_active import-agent.service || return 0
	if awk -v port="$(printf '%04X' "$wanted")" '$4 == "0A" && $2 ~ (":" port "$") { found = 1 } END { exit !found }' \
		/proc/net/tcp /proc/net/tcp6 2> /dev/null; then
		finding "port $wanted is in use by another program." "Use --port= with another of $ports, or stop that program."
	fi
}

check_space() {
	for place in /usr:32 /var:64 /etc:2; do
		free=$(df -Pm "${place%:*}" | awk 'NR == 2 { print $4 }')
		[ "${free:-0}" -ge "${place#*:}" ] ||
			finding "${place%:*} has ${free:-no} MiB free; ${place#*:} are needed." "Free some space there."
	done
}

# Signature of the list, sums of all files, and that the package is one of them.
check_kit() {
	sums=$kit/packages/SHA256SUMS
	if ! command -v gpgv > /dev/null; then
		finding "gpgv is missing, so the kit's signature cannot be verified." "Install the package gnupg2 (Debian: gpgv)."
		return
	fi
	# gpgv takes a key without its armour only
	sed -e '/^-/d' -e '/^[A-Za-z]*:/d' -e '/^=/d' -e '/^$/d' "$kit/packages/dm-import.asc" 2> /dev/null |
		base64 -d > "$scratch/key.gpg" 2> /dev/null
	fingerprint=$(gpgv --status-fd 1 --keyring "$scratch/key.gpg" "$sums.asc" "$sums" 2> /dev/null |
		awk '$2 == "VALIDSIG" { print $NF }')
	if [ -z "$fingerprint" ]; then
		finding "the signature of packages/SHA256SUMS is not valid." "Get the kit again from your source; do not use this one."
		return
	fi
	changed=$(cd "$kit" && sha256sum --check --quiet --strict packages/SHA256SUMS 2> /dev/null | cut -d: -f 1 | tr '\n' ' ')
	[ -z "$changed" ] || finding "files of the kit are missing or have changed since it was signed: $changed" "Get the kit again from your source; do not use this one."
	[ -z "$package" ] || grep -qxF "$(sha256sum < "$package" | cut -d' ' -f 1)  ${package#"$kit/"}" "$sums" ||
		finding "${package#"$kit/"} is not in the signed list of files." "Get the kit again from your source; do not use this one."
	check_rpm_signature
	check_pinned_key
}

check_rpm_signature() {
	case $package in *.rpm) ;; *) return 0 ;; esac
	mkdir -p "$scratch/rpmdb"
	rpmkeys --dbpath "$scratch/rpmdb" --import "$kit/packages/dm-import.asc" 2> /dev/null
	rpmkeys --dbpath "$scratch/rpmdb" --checksig "$package" 2> /dev/null | grep -q 'signatures OK$' ||
		finding "the signature of ${package#"$kit/"} is not valid." "Get the kit again from your source; do not use this one."
}

# The administrator compares the first kit's key; later kits must be signed with the same one.
check_pinned_key() {
	[ -e "$pinned_key" ] || return 0
	pinned=$(cat "$pinned_key")
	[ "$pinned" = "$fingerprint" ] || [ "$accepted_key" = "$fingerprint" ] ||
		finding "this kit is signed with the key $fingerprint, the installed one with $pinned." \
			"Compare the fingerprint with the one that your source publishes; if it is the same, use --accepted-key=$fingerprint"
}

check_version() {
	[ -n "$installed" ] && [ -n "$kit_version" ] || return 0
	[ "$(printf '%s\n' "$installed" "$kit_version" | sort -V | tail -n 1)" = "$kit_version" ] ||
		finding "the installed build $installed is newer than the kit's, $kit_version." "Use a newer kit; an older agent may be unable to read the state of a newer one."
}

check_idle() {
	[ -n "$installed" ] || return 0
	busy=$(importcli idle 2>&1 > /dev/null) || finding "$(echo "$busy" | sed -n '1s/^importcli: //p')" "Finish or cancel the import first."
}

check_root() {
	[ "$(id -u)" -eq 0 ] || { finding "only root can do this." "Run it as root."; end_of_checks; }
}

end_of_checks() {
	[ $findings -gt 0 ] || return 0
	complain "minstall: nothing was changed; $findings of the checks failed."
	exit $NOT_READY
}

check_host() {
	check_platform
	check_services
	check_protocol
	check_other_multipath
	check_adapter
	check_port
	check_space
	check_kit
	check_version
	check_idle
	end_of_checks
	say "Checked: $platform on $architecture, ready for dm-import $kit_version${installed:+ (installed: $installed)}."
	say "The kit is signed with the key $fingerprint."
}
