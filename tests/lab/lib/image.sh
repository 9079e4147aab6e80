# shellcheck shell=bash
# Makes what every VM of the lab boots from, once, and keeps it in the cache: the Debian kernel (only
# unpacked, never installed), a small root file system with systemd, and an initramfs that stacks the
# layers. Each is keyed by a hash of what it is made from, so a changed list makes a new one.
# Sourced by run; image_prepare sets kernel, initrd and root_image.

words() { # FILE: its lines without comments
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"
}

# The package sources of this machine, Debian's own only, as sources.list lines.
debian_sources() {
	apt-get indextargets --format \
		'$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' | sed -n 's/^Debian //p' | sort -u
}

hash_of() { # WORD... FILE...: a short name for this content
	{ printf '%s\n' "$1"; shift; cat "$@"; } | sha256sum | cut -c1-12
}

# Runs a command that makes $1; it appears complete or not at all, and is made once by concurrent runs.
make_once() { # TARGET COMMAND...
	local target=$1; shift
	[ -e "$target" ] && return
	exec 9>"$cache/lock"
	flock 9
	if [ ! -e "$target" ]; then
		rm -rf "$target".new*
		"$@" "$target.new"
		mv "$target.new" "$target"
	fi
	exec 9>&-
}

fetch_kernel() { # DIR
	local deb
	mkdir -p "$1/deb"
	(cd "$1/deb" && apt-get -q download "$kernel_package" -o APT::Sandbox::User=root >&2)
	deb=$(echo "$1"/deb/*.deb)
	dpkg-deb -x "$deb" "$1"
	rm -r "$1/deb"
	depmod -b "$1" "$(ls "$1/lib/modules")"
}

module_files() { # KERNEL_DIR MODULE...: paths of the modules and all they need, in loading order
	local dir=$1; shift
	modprobe -d "$dir" -S "$(ls "$dir/lib/modules")" --show-depends -a "$@" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

make_initramfs() { # FILE
	local tree=$1.tree nr=100 ko
	mkdir -p "$tree/bin" "$tree/modules"
	cp "$(command -v busybox)" "$tree/bin/busybox"
	install -m 755 "$lab/lib/initramfs-init" "$tree/init"
	module_files "$kernel_dir" virtio_pci virtio_blk squashfs overlay ext4 crc32c_generic |
		while read -r ko; do
			cp "$ko" "$tree/modules/$nr-$(basename "$ko")"
			nr=$((nr + 1))
		done
	(cd "$tree" && find . | cpio -o -H newc --quiet) | gzip -1 > "$1"
	rm -r "$tree"
}

# Only these files of a package, as they are in it: where what it depends on would fill the VM, for nothing.
unpack() { # TREE PACKAGE PATH...
	local tree=$1 package=$2
	shift 2
	mkdir "$tree.deb"
	(cd "$tree.deb" && apt-get -q download "$package" -o APT::Sandbox::User=root </dev/null >&2)
	dpkg-deb --fsys-tarfile "$tree.deb"/*.deb | tar -x -C "$tree" "$@"
	rm -r "$tree.deb"
}

make_root() { # FILE
	local tree=$1.tree release ko dest folder package paths
	release=$(ls "$kernel_dir/lib/modules")
	debian_sources | mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
		--include="$(words "$lab/root-packages" | sed -E '/^(unpack|package) /d' | paste -sd,)" \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		--customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*' \
		"$(. /etc/os-release; echo "$VERSION_CODENAME")" "$tree" - >&2
	words "$lab/root-packages" | sed -n 's/^unpack //p' | while read -r package paths; do
		# shellcheck disable=SC2086 # one word a path
		unpack "$tree" "$package" $paths
	done
	words "$lab/root-packages" | sed -n 's/^package //p' | while read -r folder package; do
		mkdir -p "$tree/var/cache/packages/$folder"
		(cd "$tree/var/cache/packages/$folder" && apt-get -q download "$package" -o APT::Sandbox::User=root </dev/null >&2)
	done
	# shellcheck disable=SC2046 # one word a module
	module_files "$kernel_dir" $(words "$lab/modules") | while read -r ko; do
		dest=$tree/usr/lib/modules/${ko#"$kernel_dir/lib/modules/"}
		mkdir -p "$(dirname "$dest")"
		cp "$ko" "$dest"
	done
	cp "$kernel_dir/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} \
		"$tree/usr/lib/modules/$release/"
	cp "$kernel_dir/boot/config-$release" "$tree/boot/"
	depmod -b "$tree/usr" "$release" 2>/dev/null || depmod -b "$tree" "$release"
	mksquashfs "$tree" "$1" -comp lz4 -no-progress -quiet -noappend -no-xattrs >&2
	rm -rf "$tree"
}

image_prepare() {
	"$repo/tests/deps" build lab
	mkdir -p "$cache"
	kernel_package=$(apt-cache depends linux-image-amd64 | awk '/Depends:/ { print $2; exit }')
	kernel_dir=$cache/$kernel_package
	make_once "$kernel_dir" fetch_kernel
	kernel=$(echo "$kernel_dir"/boot/vmlinuz-*)
	initrd=$cache/initramfs-$(hash_of "$kernel_package" "$lab/lib/initramfs-init" "$lab/lib/image.sh").gz
	make_once "$initrd" make_initramfs
	root_image=$cache/root-$(hash_of "$kernel_package" "$lab/root-packages" "$lab/modules" \
		"$lab/lib/image.sh").squashfs
	make_once "$root_image" make_root
}
