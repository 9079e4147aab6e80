#!/bin/bash
# shellcheck disable=SC2154 # moddir, initdir and systemdsystemunitdir are dracut's
# The lab's root, stacked as tests/lab/lib/initramfs-init does it; and what the scripts for initramfs-tools do here, too.

depends() {
	echo dracut-systemd rootfs-block
}

installkernel() {
	hostonly='' instmods virtio_pci virtio_blk squashfs overlay ext4 crc32c_generic virtio_scsi sd_mod
}

install() {
	inst_simple "$moddir/sysroot.mount" /etc/systemd/system/sysroot.mount
	inst_simple "$moddir/lab-layers.service" "$systemdsystemunitdir/lab-layers.service"
	inst_simple "$moddir/multipathd.conf" "$systemdsystemunitdir/multipathd.service.d/lab.conf"
	inst_script /etc/initramfs-tools/scripts/init-premount/lab /usr/bin/lab-wait-for-disks
	inst_script /etc/initramfs-tools/scripts/local-bottom/lab /usr/bin/lab-tell-maps
	# dracut 059 brings the socket, by which a hook starts multipathd while the initramfs is left, and the boot stands still
	# for good.
	ln -sf /dev/null "$initdir/etc/systemd/system/multipathd.socket"
	inst_multiple cat mkdir mount
	inst_hook pre-pivot 50 "$moddir/tell-maps.sh"
}
