# The real agent on a fake engine: what tests/daemon/run talks to.
$(eval $(call program,import-agent-fake,$$(OUT)/agent/main.o $$(OUT)/tests/daemon/fake_engine.o,$$(OUT)/libagent.a $$(OUT)/libbase.a,$$(AGENT_LIBS) -lpthread))

.PHONY: check-daemon
check-daemon: $(OUT)/import-agent-fake $(OUT)/import-cert
	@OUT=$(OUT) tests/daemon/run
CHECKS_FAST += check-daemon
