# Packages, kit and installer, on made-up hosts.
.PHONY: check-install
check-install: deb rpm $(INSTALLER) $(OUT)/import-agent-fake
	@OUT=$(OUT) PACKAGES=$(PACKAGES) STAGED=$(STAGED) tests/install/run
CHECKS_FAST += check-install
