# shellcheck shell=bash
# The VMs of a cluster: the one with the arrays, which runs the scenario, and the hosts, each joined to it by a link
# of its own: two ends of a socket that nobody else can reach. Sourced by run, after vm.sh.

link() { # NAME NUMBER on|off: QEMU's arguments for the arrays' end of host NUMBER's link (on), or the host's (off)
	local end=1
	[ "$3" = on ] && end=0
	echo "-netdev stream,id=link$2,server=$3,addr.type=unix,addr.path=$scratch/$1.link$2" \
		"-device virtio-net-pci,netdev=link$2,mac=52:54:00:00:0$end:0$2"
}

run_host() { # DIR SCENARIO NUMBER TIMEOUT_S MEMORY_MIB
	local dir=$1/node$3 args
	mkdir -p "$dir"
	ln -f "$1/layer.squashfs" "$dir/"
	while [ ! -S "$scratch/$2.link$3" ]; do sleep 0.1; done
	read -ra args <<< "$(link "$2" "$3" off)"
	run_vm "$dir" "$2 lab.node=$3 net.ifnames=0 systemd.hostname=node$3" "$4" "$5" "${args[@]}"
}

# The arrays' VM ends the hosts when the scenario is over; one that does not end is ended here.
run_cluster() { # DIR SCENARIO TIMEOUT_S MEMORY_MIB HOSTS
	local status=0 number args=() more hosts=() dir
	for ((number = 1; number <= $5; number++)); do
		read -ra more <<< "$(link "$2" $number on)"
		args+=("${more[@]}")
		run_host "$1" "$2" $number "$3" "$4" & hosts+=($!)
	done
	run_vm "$1" "$2 net.ifnames=0 systemd.mask=multipathd.service systemd.mask=multipathd.socket \
systemd.mask=import-agent.service systemd.mask=open-iscsi.service" "$3" "$4" "${args[@]}" || status=$?
	for ((number = 60; number > 0; number--)); do
		kill -0 "${hosts[@]}" 2>/dev/null || break
		sleep 1
	done
	for dir in "$1"/node*; do
		[ ! -s "$dir/qemu.pid" ] || kill "$(cat "$dir/qemu.pid")" 2>/dev/null || true
	done
	wait "${hosts[@]}" || true
	rm -f "$scratch/$2".link*
	return $status
}
