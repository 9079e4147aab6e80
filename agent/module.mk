$(eval $(call library,agent,agent))
AGENT_LIBS = $(call pkg,libmicrohttpd gnutls libsystemd libudev libcap inih json-c)
$(eval $(call program,import-agent,$$(OUT)/agent/main.o,$$(OUT)/libagent.a $$(OUT)/libapi.a $$(OUT)/libdm_import.a $$(OUT)/libbase.a,$$(AGENT_LIBS) $$(ENGINE_LIBS) -lpthread))
PROGRAMS += $(OUT)/import-agent

INSTALL_TARGETS += install-agent
.PHONY: install-agent
install-agent: $(OUT)/import-agent
	install -D -m 0755 $< $(DESTDIR)/usr/sbin/import-agent
