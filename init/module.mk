INSTALL_TARGETS += install-init
.PHONY: install-init
install-init:
	install -D -m 0644 init/import-agent.service $(DESTDIR)/usr/lib/systemd/system/import-agent.service
	for unit in service socket; do install -D -m 0644 init/multipathd-held.conf \
		$(DESTDIR)/usr/lib/systemd/system/multipathd.$$unit.d/50-dm-import.conf || exit; done
	install -D -m 0600 init/agent.conf $(DESTDIR)/etc/dm-import/agent.conf
	install -d -m 0700 $(DESTDIR)/etc/dm-import/tls $(DESTDIR)/etc/dm-import/trusted.d
	install -d -m 0755 $(DESTDIR)/etc/dm-import/arrays.d
	install -D -m 0644 dm-import/arrays.conf $(DESTDIR)/usr/share/dm-import/arrays.conf
	install -D -m 0644 init/import-agent.logrotate $(DESTDIR)/etc/logrotate.d/import-agent
