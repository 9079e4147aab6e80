#!/bin/bash
# An initramfs with multipath must leave the LUNs of pairs alone: only the host itself knows which of them is live.

# If the package was removed and pairs remain.
kept=/etc/dm-import/initramfs

check() {
	[ -d $kept ] || require_binaries import-boot || return 1
	return 0
}

# Do not depend on multipath: that would add it to every initramfs.
depends() {
	return 0
}

install() {
	dracut_module_included multipath || return 0
	# shellcheck disable=SC2154 # initdir is dracut's
	if command -v import-boot > /dev/null; then
		import-boot initramfs-rules "$initdir/etc/udev/rules.d"
	else
		mkdir -p "$initdir/etc/udev/rules.d" && cp $kept/*.rules "$initdir/etc/udev/rules.d/"
	fi ||
		dwarn "dm-import: the initramfs may not know all LUNs of imports"
	return 0
}
