# --- questions: what the command line leaves open ---

ask_eula() {
	cat "$kit/EULA"
	ask_yes "Do you agree?" || decline
}

ask_settings() {
	if [ -z "$protocol" ]; then
		while ask "Does this host reach the arrays by Fibre Channel or by iSCSI? (fc, iscsi)" iscsi; do
			is_one_of "$answer" "fc iscsi" && break
		done
		protocol=$answer
	fi
	if [ -z "$adapter" ]; then
		echo "Addresses of this host: $(addresses)"
		while ask "Which one will the orchestrator connect to?" "$(addresses | cut -d, -f 1)"; do
			is_address "$answer" && break
		done
		adapter=$answer
	fi
	[ -n "$port" ] || while ask "Which port? ($ports)" 8443; do
		is_one_of "$answer" "$ports" && break
	done
	port=${port:-$answer}
}

firewalld_runs() {
	firewall-cmd --quiet --state > /dev/null 2>&1
}

ask_all() {
	[ -n "$interactive" ] || return 0
	[ -n "$accepted_eula" ] || ask_eula
	[ -n "$installed" ] || ask_settings
	[ -n "$open_firewall" ] || ! firewalld_runs || ! ask_yes "Open the port in the firewall, in the zone of that address?" ||
		open_firewall=yes
}
