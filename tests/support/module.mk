# The support bundle, over a host made for it.
.PHONY: check-support
check-support: $(OUT)/importcli
	@tests/support/run $(OUT)
CHECKS_FAST += check-support
