# --- steps, and how each is undone ---

run() { # COMMAND...: its output goes to the log; if it fails, the last lines go to standard error, too
	printf '# %s\n' "$*" >> "$log"
	"$@" > "$scratch/said" 2>&1 < /dev/null
	status=$?
	cat "$scratch/said" >> "$log"
	[ $status -eq 0 ] || tail -n 12 "$scratch/said" >&2
	return $status
}

fail() { # SENTENCE
	trap '' INT TERM HUP
	complain "minstall: $1"
	for step in $undo; do
		complain "minstall: undoing: $step"
		"undo_$step" || complain "minstall: $step could not be undone; see $log_file"
	done
	if [ -n "$installed" ] && [ "$(find_installed && echo "$installed")" = "$installed" ]; then
		complain "minstall: the upgrade failed; dm-import $installed is installed, as before."
	elif [ -n "$installed" ]; then
		complain "minstall: the upgrade failed. Now installed: $(importcli ha_version 2>&1 | tail -n 1). Configuration and" \
			"certificate are unchanged. To go back to the older build, install its package by hand."
	else
		complain "minstall: the installation failed; the host is as it was before."
	fi
	complain "minstall: see $log_file for the steps so far."
	exit $FAILED
}

undoable() { # STEP
	undo="$1 $undo"
}

# RPM's package managers need the key of a file that they install.
key_package() {
	echo "gpg-pubkey-$(echo "$fingerprint" | tail -c 9 | tr A-F a-f)"
}

install_key() {
	case $package in *.rpm) ;; *) return 0 ;; esac
	! rpm -q "$(key_package)" > /dev/null 2>&1 || return 0
	undoable key
	run rpmkeys --import "$kit/packages/dm-import.asc" || fail "the kit's key could not be imported."
}

undo_key() {
	run rpm -e --allmatches "$(key_package)"
}

# What an earlier installation left, or an administrator prepared, is removed with the package when that is undone.
keep_what_was_there() {
	mkdir "$scratch/before"
	for place in etc/dm-import var/lib/dm-import var/log/import; do
		[ ! -d "/$place" ] || { mkdir -p "$scratch/before/${place%/*}" && cp -a "/$place" "$scratch/before/${place%/*}/"; } || return
	done
}

put_package() { # FILE [older]
	verb=install
	[ -z "${2-}" ] || verb=downgrade
	case $manager in
	apt-get)
		run env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold \
			${2:+--allow-downgrades} install "$1"
		;;
	zypper) run zypper --non-interactive install ${2:+--oldpackage} "$1" ;;
	*) run "$manager" -y $verb "$1" ;;
	esac
}

install_package() {
	if [ -z "$installed" ]; then
		keep_what_was_there || fail "the files that are there now could not be saved in ${TMPDIR:-/tmp}; free some space there."
		undoable package
	elif [ "$installed" != "$kit_version" ]; then
		find_old_package
		[ -z "$old_package" ] || undoable upgrade
	fi
	put_package "$package" || fail "the package could not be installed; the package manager's output is above."
	[ "$(find_installed && echo "$installed")" = "$kit_version" ] || fail "the package was installed, but importcli does not report its version."
}

# A failed upgrade leaves nothing that the older build cannot read: no verb has run, and none may be in progress.
undo_upgrade() {
	[ "$(find_installed && echo "$installed")" = "$installed" ] || put_package "$old_package" older || return
	run systemctl start import-agent.service
}

# For the next one. Without it, that one can be undone by hand only, and says so.
keep_package() {
	{ rm -rf "$kept" && mkdir -m 0700 "$kept" && cp "$package" "$kept/"; } 2>> "$log" ||
		complain "$package could not be saved in $kept. If the next upgrade fails, install this package by hand to go back."
}

remove_package() {
	case $manager in
	apt-get) run env DEBIAN_FRONTEND=noninteractive apt-get -q -y purge dm-import ;;
	zypper) run zypper --non-interactive remove dm-import ;;
	# packages that came with it may be in use by now
	*) run "$manager" -y --setopt=clean_requirements_on_remove=False remove dm-import ;;
	esac || return
	rm -rf "$kept"
	rm -f "$conf.rpmsave" "$conf.rpmnew"
	rmdir /etc/dm-import 2> /dev/null || :
}

# There is nothing to undo if the package manager did not get that far.
undo_package() {
	{ ! dpkg-query -W dm-import && ! rpm -q dm-import; } > /dev/null 2>&1 || remove_package
	cp -a "$scratch/before/." /
}

# Only a line that has another value is changed; a missing one means the default. A new line comes last in its section: an
# indented line after it would count as its continuation.
set_setting() { # NAME VALUE DEFAULT
	[ "$(setting "$1" "$3")" != "$2" ] || return 0
	cp -p "$conf" "$conf.new" && awk -v name="$1" -v line="$1 = $2" -v known="$(setting "$1" '')" '
		/^[ \t]*\[/ {
			if (inside && known == "" && !done++) print line
			inside = $0 ~ /^[ \t]*\[server\]/
		}
		{ key = $0; sub(/^[ \t]*/, "", key); sub(/[ \t]*[=:].*/, "", key) }
		inside && key == name { if (!done++) print line; next }
		{ print }
		END { if (!done) printf "%s%s\n", inside ? "" : "[server]\n", line }' "$conf" > "$conf.new" && mv "$conf.new" "$conf"
}

configure() {
	cp -p "$conf" "$scratch/agent.conf" || fail "$conf cannot be read."
	undoable configuration
	{ [ -z "$port" ] || set_setting port "$port" 8443; } && { [ -z "$adapter" ] || set_setting address "$adapter" ''; } ||
		fail "$conf cannot be written."
}

undo_configuration() {
	cp -p "$scratch/agent.conf" "$conf"
}

make_certificate() {
	run import-cert create --directory /etc/dm-import/tls --if-missing ${adapter:+--name "$adapter"} ||
		fail "the certificate could not be made."
}

start_agent() {
	run systemctl enable import-agent.service || fail "the agent could not be enabled."
	cmp -s "$conf" "$scratch/agent.conf" || run systemctl stop import-agent.service || fail "the agent does not stop."
	run systemctl start import-agent.service || fail "the agent does not start; see: journalctl -u import-agent"
	waited=0
	until importcli mhd_status 2> /dev/null | grep -q 'Status: ACTIVE$'; do
		[ $waited -lt 120 ] || fail "the agent's web server does not answer; see: journalctl -u import-agent"
		waited=$((waited + 1))
		sleep 1
	done
}

# A firewall that cannot be opened is no reason to remove the agent again.
open_port() {
	number=$(setting port 8443)
	interface=$(ip -o addr show to "$(setting address 127.0.0.1)" 2> /dev/null | awk 'NR == 1 { print $2 }')
	if [ -z "$open_firewall" ] || ! firewalld_runs; then
		say "Open port $number/tcp in this host's firewall for the orchestrator, and for nobody else. With firewalld:"
		say "  firewall-cmd --permanent --add-rich-rule='rule family=ipv4 source address=ORCHESTRATOR port port=$number protocol=tcp accept'"
		return
	fi
	zone=$(firewall-cmd --get-zone-of-interface="$interface" 2> /dev/null) || zone=$(firewall-cmd --get-default-zone)
	run firewall-cmd --reload
	if [ "$number" != 8443 ]; then
		run firewall-cmd --permanent --service=dm-import --add-port="$number/tcp"
		run firewall-cmd --permanent --service=dm-import --remove-port=8443/tcp
		run firewall-cmd --reload
	fi
	if run firewall-cmd --permanent --zone="$zone" --add-service=dm-import && run firewall-cmd --zone="$zone" --add-service=dm-import; then
		say "The firewall's zone $zone now admits everybody to port $number. To admit only the orchestrator, see firewalld.richlanguage(5)."
	else
		complain "The firewall could not be opened; see $log_file. Open port $number/tcp for the orchestrator."
	fi
}

install_all() {
	trap 'fail "interrupted."' INT TERM HUP
	install_key
	install_package
	configure
	make_certificate
	start_agent
	undo=''
	echo "$fingerprint" > "$pinned_key"
	keep_package
	open_port
	say "Done: dm-import $kit_version is installed, and its agent listens on port $(setting port 8443)."
	say "Next: importcli status --importable shows the volumes; importcli trust new-code lets the orchestrator in. See importcli(8)."
}
