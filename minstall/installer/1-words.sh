#!/bin/sh
# minstall: checks whether this host is ready, then installs, upgrades or removes dm-import from the kit that this file lies
# in. Read from the end: main is the whole course. Nothing is changed before every check has passed; what was changed
# is undone when a later step fails. See minstall(8). In the source tree it is in parts, minstall/installer.
set -u
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

kit=$(cd "$(dirname "$0")" && pwd)
log_file=/var/log/import-install.log
conf=/etc/dm-import/agent.conf
pinned_key=/etc/dm-import/kit-key
kept=/var/cache/dm-import # the package that is installed, for the next upgrade to go back to
ports='8443 50443 55443 60443'

FAILED=1 WRONG_USAGE=2 NOT_READY=3 DECLINED=4

# what the command line says
interactive=yes accepted_eula='' accepted_removal='' accepted_key='' protocol='' adapter='' port='' dry_run='' action=install
open_firewall=''
# what the host is
platform='' architecture='' manager='' package='' kit_version='' installed=''
old_package='' fingerprint='' scratch='' log='' findings=0 undo=''

usage() {
	cat <<-'END'
	usage: minstall [options]                   installs or upgrades, and asks its questions
	       minstall --noninteractive --accepted-EULA --fcprotocol|--iscsiprotocol --adapter=ADDRESS [options]
	       minstall --uninstall [--noninteractive --accepted-removal]
	  --noninteractive    asks no questions
	  --accepted-EULA     you have read the file EULA and agree
	  --fcprotocol        this host reaches the arrays by Fibre Channel
	  --iscsiprotocol     ... or by iSCSI
	  --adapter=ADDRESS   the address of this host that the orchestrator connects to, IPv4 or IPv6
	  --port=PORT         8443 (the default), 50443, 55443 or 60443
	  --open-firewall     opens that port in firewalld, if firewalld runs
	  --accepted-key=FPR  this kit is signed with another key than the installed one, and you have compared its fingerprint
	  --dry-run           only checks whether the host is ready, and says what would be done
	  --uninstall         says what stays, and why, then removes dm-import
	  --accepted-removal  you agree to that
	  --platform          prints what the kit calls this operating system
	Exit status: 0 done; 1 failed, what was done was undone; 2 wrong usage; 3 a check failed; 4 declined.
	With 2, 3 and 4 nothing was changed. An upgrade needs no protocol and no adapter: it keeps what is configured.
	END
}

# --- words ---

say() {
	printf '%s\n' "$*"
	[ -z "$log" ] || printf '%s\n' "$*" >> "$log"
}

complain() {
	printf '%s\n' "$*" >&2
	[ -z "$log" ] || printf '%s\n' "$*" >> "$log"
}

wrong() { # SENTENCE
	complain "minstall: $1 Nothing was changed; see ./minstall --help."
	exit $WRONG_USAGE
}

finding() { # WHAT IS WRONG, WHAT TO DO
	findings=$((findings + 1))
	complain "Not ready: $1"
	complain "  What to do: $2"
}

ask() { # QUESTION DEFAULT: the answer is in $answer
	printf '%s [%s] ' "$1" "$2"
	IFS= read -r answer || { echo; decline; }
	[ -n "$answer" ] || answer=$2
}

ask_yes() { # QUESTION
	while ask "$1" no; do
		case $answer in
		[Yy] | [Yy][Ee][Ss]) return 0 ;;
		[Nn] | [Nn][Oo]) return 1 ;;
		*) echo "Please answer yes or no." ;;
		esac
	done
}

decline() {
	complain "minstall: stopped at your request. Nothing was changed."
	exit $DECLINED
}

# --- the command line ---

is_one_of() { # WORD LIST
	for one in $2; do
		[ "$1" != "$one" ] || return 0
	done
	return 1
}

is_address() { # TEXT: an IPv4 or IPv6 address by its form; whether it is one of this host's is a check
	case $1 in
	*[!0-9a-fA-F:.]* | '') return 1 ;;
	*:*:*) return 0 ;;
	*:*) return 1 ;;
	esac
	echo "$1" | awk -F. 'NF != 4 { exit 1 } { for (i = 1; i <= 4; i++) if ($i !~ /^[0-9]+$/ || $i > 255 || $i ~ /^0./) exit 1 }'
}

parse() {
	for option; do
		case $option in
		--noninteractive) interactive='' ;;
		--accepted-EULA) accepted_eula=yes ;;
		--accepted-removal) accepted_removal=yes ;;
		--accepted-key=*) accepted_key=$(printf '%s' "${option#*=}" | tr -d ' ' | tr a-f A-F) ;;
		--fcprotocol) protocol=${protocol}fc ;;
		--iscsiprotocol) protocol=${protocol}iscsi ;;
		--adapter=*)
			adapter=${option#*=}
			is_address "$adapter" || wrong "'$adapter' is not an IPv4 or IPv6 address."
			;;
		--port=*)
			port=${option#*=}
			is_one_of "$port" "$ports" || wrong "The port must be 8443, 50443, 55443 or 60443, not '$port'."
			;;
		--open-firewall) open_firewall=yes ;;
		--dry-run) dry_run=yes interactive='' ;;
		--uninstall) action=uninstall ;;
		--platform) action=platform ;;
		-h | --help) action=help ;;
		--adapter | --port | --accepted-key) wrong "$option needs a value: $option=..." ;;
		*) wrong "There is no option '$option'." ;;
		esac
	done
	is_one_of "${protocol:-fc}" "fc iscsi" || wrong "Give either --fcprotocol or --iscsiprotocol, once."
}

# What has to be said when nobody can be asked.
check_words() {
	[ -z "$interactive" ] || [ -t 0 ] || wrong "There is no terminal for questions: use --noninteractive."
	[ -z "$interactive$dry_run" ] || return 0
	if [ $action = uninstall ]; then
		[ -n "$accepted_removal" ] || wrong "--noninteractive --uninstall needs --accepted-removal."
		return
	fi
	[ -n "$accepted_eula" ] || wrong "--noninteractive needs --accepted-EULA: read the file EULA first."
	[ -z "$installed" ] || return 0
	[ -n "$protocol" ] || wrong "--noninteractive needs --fcprotocol or --iscsiprotocol."
	[ -n "$adapter" ] || wrong "--noninteractive needs --adapter=ADDRESS."
}
