# shellcheck shell=bash
# One VM: its product layer, its disks, and its boots. Sourced by run, after image.sh.

# The layer over the root: the product as `make install` ships it, and the lab's own files.
make_layer() { # FILE [SCRIPT [AGENT [KITS]]]: with another agent in the place of the product's, or kits in that of all of it
	local tree=$1.tree unit
	rm -rf "$tree" "$1"
	mkdir -p "$tree/lab" "$tree/etc/systemd/system"
	if [ -n "${4:-}" ]; then
		cp -r "$4" "$tree/lab/kits"
	elif [ -n "$product" ]; then
		cp -a "$product/." "$tree/"
	fi
	[ -z "${3:-}" ] || install -m 0755 "$3" "$tree/usr/sbin/import-agent"
	cp -r "$lab/rootfs/." "$tree/"
	cp -r "$lab/guest" "$lab/scenarios" "$lab/manual" "$tree/lab/"
	[ -z "${2:-}" ] || cp "$2" "$tree/lab/script"
	[ -z "${LAB_ADD:-}" ] || cp -r "$LAB_ADD" "$tree/lab/add"
	for unit in $(words "$lab/masks"); do
		ln -s /dev/null "$tree/etc/systemd/system/$unit"
	done
	enable_units "$tree"
	mksquashfs "$tree" "$1" -comp lz4 -no-progress -quiet -noappend -no-xattrs >&2
	rm -rf "$tree"
}

# What `systemctl enable` does for the units of a tree, on a build machine that may have no systemd.
enable_units() { # TREE
	local unit target
	for unit in "$1"/{usr/,}lib/systemd/system/*.service "$1"/etc/systemd/system/*.service; do
		[ -f "$unit" ] || continue
		for target in $(sed -n 's/^WantedBy=//p' "$unit"); do
			mkdir -p "$1/etc/systemd/system/$target.wants"
			ln -sf "${unit#"$1"}" "$1/etc/systemd/system/$target.wants/"
		done
	done
}

# Builds and installs the product into a folder of this run; leaves product empty if there is none yet.
make_product() {
	product=
	[ "${LAB_PRODUCT:-}" = none ] && return
	if [ -n "${LAB_PRODUCT:-}" ]; then
		product=$LAB_PRODUCT
		return
	fi
	[ -f "$repo/Makefile" ] || { echo "lab: no Makefile yet, the VM gets no product" >&2; return; }
	if make -C "$repo" -s -j"$(nproc)" install DESTDIR="$scratch/product" > "$out/product.log" 2>&1; then
		product=$scratch/product
	else
		echo "lab: 'make install' failed, the VM gets no product; see ${out#"$repo/"}/product.log" >&2
	fi
}

declared_with() { # KEY NAME...: whether one of these scenarios is declared with KEY=1
	local key=$1 name
	shift
	for name; do
		[ "$(parameter "$name" "$key" 0)" -eq 0 ] || return 0
	done
	return 1
}

# The agent with crash points, when one of these scenarios is declared with crash=1.
make_crash_agent() { # NAME...
	crash_agent=
	declared_with crash "$@" || return 0
	crash_agent=$(make -C "$repo" -s -j"$(nproc)" crash-agent 2> "$out/crash-agent.log") || {
		echo "lab: 'make crash-agent' failed; see $out/crash-agent.log" >&2
		return 1
	}
}

# For scenarios declared with bare=1: a kit of this tree, and one of the same tree that counts as the build before; with released=1
# also one of an older commit. One key for all.
make_kits() { # NAME...
	local build older released='' key=lab@dm-import.invalid
	kits=
	declared_with bare "$@" || return 0
	"$repo/tests/deps" kit
	kits=$scratch/kits
	mkdir -p "$kits" && mkdir -m 0700 "$scratch/gnupg"
	build=$(make -C "$repo" -s build-version)
	older=${build%_*}_$((${build##*_} - 1))
	! declared_with released "$@" || unpack_released
	(
		export GNUPGHOME=$scratch/gnupg
		gpg --batch --quiet --passphrase '' --quick-generate-key "$key" rsa2048 sign 1y
		make -C "$repo" -s kit KIT_GPG_KEY="$key" BUILD_VERSION="$older"
		make -C "$repo" -s kit KIT_GPG_KEY="$key"
		[ -z "$released" ] || make -C "$repo/build/released/$released" -s kit KIT_GPG_KEY="$key" BUILD_VERSION="$released"
		gpgconf --kill gpg-agent
	) > "$out/kits.log" 2>&1 || { echo "lab: 'make kit' failed; see $out/kits.log" >&2; return 1; }
	cp -r "$repo/build/kit/dm-import-1.0-$older" "$kits/older"
	cp -r "$repo/build/kit/dm-import-1.0-$build" "$kits/newer"
	[ -z "$released" ] || cp -r "$repo/build/released/$released/build/kit/dm-import-1.0-$released" "$kits/released"
}

# The tree of the older commit, build/released/$released; it is kept, so that it is compiled once.
unpack_released() {
	local commit tree
	commit=$(git -C "$repo" rev-parse --verify --short=8 "${LAB_RELEASED:-724d394a}^{commit}")
	released=${commit}_$(git -C "$repo" rev-list --count "$commit")
	tree=$repo/build/released/$released
	[ ! -d "$tree" ] || return 0
	rm -rf "$tree.new"
	mkdir -p "$tree.new"
	git -C "$repo" archive "$commit" | tar -x -C "$tree.new"
	mv "$tree.new" "$tree"
}

make_disks() { # DIR
	truncate -s 3G "$1/disk.img"
	mkfs.ext4 -q -F -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -m 0 "$1/disk.img"
	truncate -s 256M "$1/results.img"
	truncate -s 24G "$1/array.img"
}

boot_vm() { # DIR SCENARIO TIMEOUT_S MEMORY_MIB [ARGUMENT...]: one boot, until power-off, reboot or time is up
	local dir=$1 scenario=$2 limit=$3 memory=$4 args=() image processors=(-accel tcg,thread=multi,tb-size=512 -smp 2)
	shift 4
	# its clock counts instructions, 125 million a second: however busy the build machine is, all takes the VM as long as ever
	[ -z "${steady:-}" ] || processors=(-accel tcg,thread=single,tb-size=512 -icount shift=3 -smp 1)
	for image in "$root_image,readonly=on" "$dir/layer.squashfs,readonly=on" "$dir/disk.img" \
			"$dir/results.img" "$dir/array.img,discard=unmap,detect-zeroes=off"; do
		args+=(-drive "if=virtio,format=raw,cache=unsafe,file=$image")
	done
	timeout -k 5 "$limit" qemu-system-x86_64 -machine q35 "${processors[@]}" -cpu max \
		-m "$memory" -pidfile "$dir/qemu.pid" -nodefaults -display none -no-reboot -device virtio-rng-pci \
		-chardev "file,id=console,path=$dir/console.log,append=on" -serial chardev:console \
		-chardev "file,id=output,path=$dir/output.log,append=on" -serial chardev:output \
		-kernel "$kernel" -initrd "$initramfs" "${args[@]}" "$@" \
		-append "console=ttyS0 quiet loglevel=4 panic=-1 nokaslr mitigations=off random.trust_cpu=on \
boot=lab root=/dev/vda systemd.show_status=0 systemd.default_timeout_stop_sec=15s lab.scenario=$scenario ${steady:+lab.steady} ${LAB_CMDLINE:-}" </dev/null
}

# Runs one scenario in a VM of its own. The guest says `lab: reboot` when it wants another boot; the
# scenario as a whole has one time limit. Gives the exit status of the scenario, 124 when time is up.
run_vm() { # DIR SCENARIO TIMEOUT_S MEMORY_MIB [ARGUMENT OF QEMU...]
	local dir=$1 end=$((SECONDS + $3)) boots=0 status initramfs=$initrd
	: > "$dir/console.log"
	: > "$dir/output.log"
	make_disks "$dir"
	while :; do
		status=0
		[ -z "${qemu_luns:-}" ] || initramfs=$(host_initramfs "$dir")
		boot_vm "$dir" "$2" $((end - SECONDS)) "$4" "${@:5}" || status=$?
		boots=$((boots + 1))
		[ $status -eq 0 ] || break
		[ "$(grep -c '^lab: reboot' "$dir/output.log")" -ge $boots ] || break
	done
	tar -xf "$dir/results.img" -C "$dir" 2>/dev/null || true
	[ -n "${LAB_KEEP:-}" ] || rm -f "$dir"/{disk,results,array}.img "$dir"/{layer.squashfs,qemu.pid}
	return $status
}
