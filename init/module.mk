# The program that systemd starts before udev: the engine's checks at boot; it does not use the network.
$(eval $(call program,import-boot,$$(OUT)/init/import-boot.o,$$(OUT)/libdm_import.a $$(OUT)/libbase.a,$$(ENGINE_LIBS)))
PROGRAMS += $(OUT)/import-boot

INSTALL_TARGETS += install-init
.PHONY: install-init
install-init: $(OUT)/import-boot
	install -D -m 0755 $< $(DESTDIR)/usr/sbin/import-boot
	for unit in import-agent.service dm-import-boot.service dm-import-maps.service dm-import-initramfs.service \
		dm-import-initramfs.path dm-import-certificate.service dm-import-certificate.timer; do \
		install -D -m 0644 init/$$unit $(DESTDIR)/usr/lib/systemd/system/$$unit || exit; done
	for unit in service socket; do install -D -m 0644 init/multipathd-held.conf \
		$(DESTDIR)/usr/lib/systemd/system/multipathd.$$unit.d/50-dm-import.conf || exit; done
	test -e $(DESTDIR)/etc/dm-import/agent.conf || install -D -m 0600 init/agent.conf $(DESTDIR)/etc/dm-import/agent.conf
	install -d -m 0700 $(DESTDIR)/etc/dm-import/tls $(DESTDIR)/etc/dm-import/trusted.d
	install -d -m 0755 $(DESTDIR)/etc/dm-import/arrays.d
	install -D -m 0644 dm-import/arrays.conf $(DESTDIR)/usr/share/dm-import/arrays.conf
	test -e $(DESTDIR)/etc/logrotate.d/import-agent || \
		install -D -m 0644 init/import-agent.logrotate $(DESTDIR)/etc/logrotate.d/import-agent
	install -D -m 0644 init/dm-import.xml $(DESTDIR)/usr/lib/firewalld/services/dm-import.xml
	install -D -m 0755 init/refresh-initramfs $(DESTDIR)/usr/lib/dm-import/refresh-initramfs
	install -D -m 0755 init/support-bundle $(DESTDIR)/usr/lib/dm-import/support-bundle
	install -D -m 0644 init/importcli.bash-completion $(DESTDIR)/usr/share/bash-completion/completions/importcli
	install -D -m 0755 init/initramfs-tools/hooks/dm-import \
		$(DESTDIR)/usr/share/initramfs-tools/hooks/dm-import
	install -D -m 0755 init/dracut/95dm-import/module-setup.sh \
		$(DESTDIR)/usr/lib/dracut/modules.d/95dm-import/module-setup.sh
