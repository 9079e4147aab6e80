# What init/ installs, without a boot: the units' order, and what the hooks put into an initramfs.
.PHONY: check-init
check-init: $(OUT)/import-boot
	@MAKE_WORDS="BUILD=$(BUILD) MODE=$(MODE) CC=$(CC)" tests/init/run $(OUT)
CHECKS_FAST += check-init
