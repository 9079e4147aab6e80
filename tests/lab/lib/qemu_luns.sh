# shellcheck shell=bash
# LUNs of QEMU's own, behind two adapters, for a scenario declared with qemu_luns=1: they are there as soon as the kernel looks, so
# also in an initramfs. And the host's own initramfs, as a boot loader finds it. Sourced by run, after vm.sh.

# Source LUNs 0 and 1 are targets 0 and 1; the destination of LUN 0, with the same medium, is target 8: guest/qemu_luns.py.
qemu_luns_arguments() { # DIR
	local adapter target medium
	for medium in 0 1; do
		echo -blockdev "driver=raw,node-name=medium$medium,file.driver=file,file.locking=off,file.filename=$1/medium$medium.img"
	done
	for adapter in 0 1; do
		echo -device "virtio-scsi-pci,id=adapter$adapter"
		for target in 0 1 8; do
			echo -device "scsi-hd,bus=adapter$adapter.0,scsi-id=$target,drive=medium$((target % 8)),share-rw=on,vendor=LAB,product=LUN,\
serial=$target,device_id=lun$target,wwn=0x5000c5000000000$target"
		done
	done
}

# The initramfs that the host has made for itself, read from its disk, when it has one; else the lab's. What was durable when
# the power went is in the file system's log yet.
host_initramfs() { # DIR
	local name
	e2fsck -p -E journal_only "$1/disk.img" > /dev/null 2>&1 || true
	name=$(debugfs -R 'ls -p /upper/boot' "$1/disk.img" 2> /dev/null | awk -F/ '$6 ~ /^initrd\.img-.*[0-9a-z]$/ { print $6; exit }')
	if [ -z "$name" ]; then
		echo "$initrd"
	else
		debugfs -R "dump /upper/boot/$name $1/initramfs" "$1/disk.img" 2> /dev/null
		echo "$1/initramfs"
	fi
}

run_with_qemu_luns() { # DIR SCENARIO TIMEOUT_S MEMORY_MIB
	local qemu_luns=$1 args status=0
	truncate -s 96M "$qemu_luns"/medium{0,1}.img
	read -ra args <<< "$(qemu_luns_arguments "$qemu_luns" | tr '\n' ' ')"
	run_vm "$@" "${args[@]}" || status=$?
	[ -n "${LAB_KEEP:-}" ] || rm -f "$qemu_luns"/{medium*.img,initramfs}
	return $status
}
