$(eval $(call library,cli,cli))

# HTTP over the agent's socket is libcurl's; certificates are certs', with OpenSSL's libcrypto; inih reads agent.conf.
CLI_LIBS = $(call pkg,libcurl json-c libcrypto inih)
$(eval $(call program,importcli,$$(OUT)/cli/main.o,$$(OUT)/libcli.a $$(OUT)/libapi.a $$(OUT)/libcerts.a $$(OUT)/libdm_import.a $$(OUT)/libbase.a,$$(CLI_LIBS) $$(ENGINE_LIBS)))
PROGRAMS += $(OUT)/importcli

INSTALL_TARGETS += install-cli
.PHONY: install-cli
install-cli: $(OUT)/importcli
	install -D -m 0755 $< $(DESTDIR)/usr/sbin/importcli
