$(eval $(call library,certs,certs))
$(eval $(call program,import-cert,$$(OUT)/certs/main.o,$$(OUT)/libcerts.a $$(OUT)/libbase.a,$$(call pkg,libcrypto)))
PROGRAMS += $(OUT)/import-cert

INSTALL_TARGETS += install-certs
.PHONY: install-certs
install-certs: $(OUT)/import-cert
	install -D -m 0755 $< $(DESTDIR)/usr/sbin/import-cert
