$(eval $(call library,cli,cli))
$(eval $(call program,importcli,$$(OUT)/cli/main.o,$$(OUT)/libcli.a $$(OUT)/libdm_import.a $$(OUT)/libbase.a,$$(ENGINE_LIBS)))
PROGRAMS += $(OUT)/importcli

INSTALL_TARGETS += install-cli
.PHONY: install-cli
install-cli: $(OUT)/importcli
	install -D -m 0755 $< $(DESTDIR)/usr/sbin/importcli
