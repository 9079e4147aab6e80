"""Layers: cli -> (socket) -> agent -> dm-import -> base, and cli -> certs -> base. Who may include which of our headers, and which library's header is
the business of which files alone."""
import fnmatch
import re

from lint import Lint, c_files

# folder -> what it may include of other folders
MAY_INCLUDE = {
    "base": (),
    "dm-import": ("base/*",),
    "agent": ("base/*", "dm-import/dm_import.h"),
    "cli": ("base/*", "dm-import/dm_import.h", "certs/*"),
    "certs": ("base/*",),
    "init": ("base/*", "dm-import/dm_import.h"),
    "tests": ("*",),
}

# header -> the only product files that may include it
ONLY_IN = {
    "libdevmapper.h": ("dm-import/system/dm.c",),
    "linux/dm-ioctl.h": ("dm-import/system/dm_hold.c",),
    "scsi/*": ("dm-import/system/scsi/*",),
    "libudev.h": ("dm-import/system/devices/*.[ch]", "agent/udev_watch.c"),
    "systemd/sd-bus.h": ("dm-import/system/systemd.c",),
    "microhttpd.h": ("agent/server.c",),
    "sys/capability.h": ("agent/privileges.c",),
    "gnutls/*": ("agent/pairing.c", "agent/tls.c", "agent/trust.c"),
    "openssl/*": ("certs/*.c",),
    "curl/*": ("cli/client.c",),
    "ini.h": ("dm-import/formats/arrays.c", "agent/config.c", "cli/agent_conf.c"),
    "json-c/*": ("dm-import/dm_import.h", "dm-import/formats/multipathd_maps.c", "agent/*.h", "cli/*.h"),
}


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def check_layers(files):
    for path, text in c_files(files).items():
        folder = path.split("/")[0]
        for number, ours, header in includes(text):
            if not ours or "/" not in header or header.startswith(folder + "/"):
                continue
            if not any(fnmatch.fnmatch(header, allowed) for allowed in MAY_INCLUDE[folder]):
                yield f"{path}:{number}: {folder} must not include {header}"


def check_libraries(files):
    for path, text in c_files(files).items():
        if path.startswith("tests/"):
            continue
        for number, ours, header in includes(text):
            for pattern, allowed in ONLY_IN.items():
                if not ours and fnmatch.fnmatch(header, pattern) and \
                        not any(fnmatch.fnmatch(path, place) for place in allowed):
                    yield f"{path}:{number}: only {' and '.join(allowed)} may include <{header}>"


LINTS = [
    Lint("layers", check_layers,
         {"cli/x.c": '#include "dm-import/core/engine.h"\n'},
         {"cli/x.c": '#include "dm-import/dm_import.h"\n#include "certs/pair.h"\n'}),
    Lint("libraries", check_libraries,
         {"dm-import/verbs/switch.c": "#include <libdevmapper.h>\n"}, {"dm-import/system/dm.c": "#include <libdevmapper.h>\n"}),
]
