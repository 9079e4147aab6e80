# --- removal: what is deleted, and what has to stay ---

# A LUN that has another's identity must keep it.
tell_what_stays() {
	say "A removal deletes the programs, their configuration, the agent's certificate, the certificates of trusted orchestrators, and the log."
	pairs=$(awk '$1 == "pair" { printf "  %s: source %s, destination %s (%s)\n", $2, $3, $4, $5 }' /etc/dm-import/identity 2> /dev/null)
	if [ -n "$pairs" ] || [ -e /etc/udev/rules.d/61-dm-import.rules ]; then
		say "These stay: /etc/udev/rules.d/*-dm-import.rules, /etc/dm-import/identity, /var/lib/dm-import/journal, and the hook or module"
		say "dm-import that keeps these LUNs down in an initramfs, with its rules in /etc/dm-import/initramfs. These LUNs were imported, and"
		say "without the rules the wrong LUN would get the name at the next boot:"
		say "$pairs"
	else
		say "No LUN has the identity of another: only $log_file stays."
	fi
}

uninstall() {
	[ -n "$installed" ] || { finding "dm-import is not installed." "There is nothing to remove."; end_of_checks; }
	check_idle
	end_of_checks
	tell_what_stays
	[ -z "$dry_run" ] || return 0
	[ -n "$accepted_removal" ] || ask_yes "Remove dm-import $installed?" || decline
	fingerprint=$(cat "$pinned_key" 2> /dev/null)
	remove_package || { complain "minstall: the package was not removed; see the output above, and $log_file."; exit $FAILED; }
	if command -v rpm > /dev/null && [ -n "$fingerprint" ] && rpm -q "$(key_package)" > /dev/null 2>&1; then
		run rpm -e --allmatches "$(key_package)" || complain "The key $(key_package) could not be removed; see $log_file."
	fi
	say "Done: dm-import is removed. The volumes keep their names."
}

# --- the course ---

begin_log() {
	[ -z "$dry_run" ] || return 0
	log=$log_file
	(umask 077 && printf '\n# %s minstall %s\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$*" >> "$log") || log=/dev/null
}

main() {
	parse "$@"
	find_platform
	find_manager
	find_package
	find_installed
	case $action in
	help) usage; exit ;;
	platform) echo "$platform"; exit ;;
	esac
	check_words
	check_root
	scratch=$(mktemp -d) || exit $FAILED
	trap 'rm -rf "$scratch"' EXIT
	begin_log "$@"
	[ $action = install ] || { uninstall; exit 0; }
	ask_all
	check_host
	if [ -n "$dry_run" ]; then
		say "Would install $(basename "$package") with $manager, and start the agent on ${adapter:-$(setting address 'all addresses')}, port ${port:-$(setting port 8443)}."
		exit 0
	fi
	install_all
}

main "$@"; exit
