# importcli on the fake engine of tests/daemon: what it does when no agent runs; with a clock that a test can stop.
$(eval $(call program,importcli-fake,$$(OUT)/cli/main.o $$(OUT)/tests/daemon/fake_engine.o $$(OUT)/tests/daemon/fake_commands.o $$(OUT)/tests/daemon/own_clock.o $$(OUT)/tests/cli/fake_journal.o,$$(OUT)/libcli.a $$(OUT)/libapi.a $$(OUT)/libcerts.a $$(OUT)/libdm_import.a $$(OUT)/libbase.a,$$(OWN_CLOCK) $$(CLI_LIBS)))

.PHONY: check-cli
check-cli: $(OUT)/importcli $(OUT)/importcli-fake $(OUT)/import-agent-fake $(OUT)/import-agent-world $(OUT)/import-cert
	@OUT=$(OUT) tests/cli/run
CHECKS_FAST += check-cli

.PHONY: check-completion
check-completion: $(OUT)/importcli
	@tests/cli/completion $(OUT)
CHECKS_FAST += check-completion
