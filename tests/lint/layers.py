"""Layers: cli -> (socket) -> agent -> dm-import -> base, cli -> certs -> base, agent and cli -> api -> base; inside a
folder, rooms that call only downwards. By what files include, and by the symbols of their objects. And which library's header is the business of
which files alone."""
import fnmatch
import os
import re

from lint import PRODUCT, Lint, c_files

# folder -> what it may include of other folders
MAY_INCLUDE = {
    "base": (),
    "api": ("base/*", "dm-import/dm_import.h"),
    "dm-import": ("base/*",),
    "agent": ("base/*", "api/*", "dm-import/dm_import.h"),
    "cli": ("base/*", "api/*", "dm-import/dm_import.h", "certs/*"),
    "certs": ("base/*",),
    "init": ("base/*", "dm-import/dm_import.h"),
    "tests": ("*",),
}

# header, a library's or one that brings a library -> the only product files that may include it
ONLY_IN = {
    "libdevmapper.h": ("dm-import/system/dm.c",),
    "linux/dm-ioctl.h": ("dm-import/system/dm_suspend.c",),
    "scsi/*": ("dm-import/system/scsi/*",),
    "libudev.h": ("dm-import/system/devices/*.[ch]", "agent/work/udev_watch.c"),
    "systemd/sd-bus.h": ("dm-import/system/systemd.c",),
    "microhttpd.h": ("agent/net/server.c",),
    "sys/capability.h": ("agent/privileges.c",),
    "gnutls/*": ("agent/net/tls.c", "agent/shared/fingerprint.c", "agent/trust/*.c"),
    "openssl/*": ("certs/*.c",),
    "curl/*": ("cli/link/client.c",),
    "ini.h": ("dm-import/formats/arrays.c", "agent/shared/config.c", "cli/certificate/agent_conf.c"),
    "json-c/*": ("base/json.h", "api/*.h", "dm-import/formats/multipathd_maps.c", "agent/*.h", "cli/*.h"),
    "base/json.h": ("base/json.c", "api/*", "agent/*", "cli/*", "dm-import/store/*"),
}

# folder -> its rooms from top to bottom: the name of a sub-folder, "" for the folder's own files, or one of those by its name ("ports.h"). A room may
# use the rooms below it; where names follow, only those. A folder without an entry here is one room; one without rooms is not looked at yet.
ROOMS = {
    "agent": [("",), ("routes",), ("trust", "shared"), ("work", "shared"), ("net", "shared"), ("shared",)],
    "cli": [("",), ("import", "link", "run", "screen"), ("show",), ("agent", "link", "run", "screen"), ("certificate",), ("link",), ("run",), ("screen",)],
    "dm-import": [("",), ("reports",), ("recovery",), ("boot",), ("verbs",), ("checks",), ("hold",), ("reservations",), ("host",), ("store",), ("core",),
                  ("system",), ("system/devices",), ("system/scsi",), ("system/tools",), ("formats",), ("dm_import.h",), ("reports.h",), ("crash_point.h",), ("ports.h",), ("model.h",), ("formats/pr.h",)],
    "sample": [("",), ("top",), ("middle", "bottom"), ("side",), ("bottom",), ("words.h",)],  # of the lints themselves
}
LAID_OUT = PRODUCT + ("sample/",)


def is_laid_out(path):
    return path.startswith(LAID_OUT) and ROOMS.get(path.split("/")[0]) != []


def room_of(path):
    folder, _, rest = path.partition("/")
    return rest if any(rest == row[0] for row in ROOMS.get(folder, ())) else os.path.dirname(rest)


def may_use(user, used):
    """Whether a file may include or call another of the same folder."""
    rows = ROOMS.get(user.split("/")[0], [("",)])
    order = [row[0] for row in rows]
    if room_of(user) not in order or room_of(used) not in order:
        return False
    mine, other = order.index(room_of(user)), order.index(room_of(used))
    return mine == other or (mine < other and (len(rows[mine]) == 1 or room_of(used) in rows[mine][1:]))


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


def check_rooms(files):
    """Includes inside a folder: only downwards; the bare name inside a room, else the path from the root."""
    for path, text in c_files(files, LAID_OUT).items():
        if not is_laid_out(path):
            continue
        if not may_use(path, path):
            yield f"{path}:1: the table ROOMS of tests/lint/layers.py lacks this room"
        for number, ours, header in includes(text):
            here = os.path.join(os.path.dirname(path), header)
            if not ours:
                continue
            if "/" not in header and here not in files:
                yield f"{path}:{number}: {header} is in another room: include it by its path from the root"
            elif "/" in header and os.path.dirname(header) == os.path.dirname(path):
                yield f"{path}:{number}: {header} is in this room: include it by its bare name"
            elif header.startswith(path.split("/")[0] + "/") and not may_use(path, header):
                yield f"{path}:{number}: {header} is not below this room"
    for folder, rows in ROOMS.items():
        here = {room_of(path) for path in c_files(files, (folder + "/",))}
        for name in [row[0] for row in rows if folder + "/README.md" in files]:
            if name not in here:
                yield f"{folder}/README.md:1: ROOMS of tests/lint/layers.py has {folder}/{name}, which is not there"


def symbols(listing, kinds):
    return set(re.findall(rf" [{kinds}] (\w+)$", listing, flags=re.M))


def calls(files):
    """(user, used, symbol): each symbol that one object lacks and another has; one of the same folder comes first."""
    homes = {}
    for path, listing in files.items():
        if path.endswith(".o"):
            for symbol in symbols(listing, "TDBRVW"):
                homes.setdefault(symbol, []).append(path)
    for path, listing in files.items():
        if path.endswith(".o"):
            for symbol in sorted(symbols(listing, "U") & homes.keys()):
                yield path, min(homes[symbol], key=lambda home: home.split("/")[0] != path.split("/")[0]), symbol


def check_symbols(files):
    for path in c_files(files, LAID_OUT):
        if path.endswith(".c") and path[:-1] + "o" not in files:
            yield f"{path}:1: there is no object of it to look at: build first"
    for user, used, symbol in calls(files):
        folder, other = user.split("/")[0], used.split("/")[0]
        if folder != other and not any(allowed.startswith(other + "/") for allowed in MAY_INCLUDE[folder]):
            yield f"{user[:-1]}c:1: {folder} must not call {symbol} of {used[:-1]}c"
        elif folder == other and is_laid_out(user) and not may_use(user, used):
            yield f"{user[:-1]}c:1: {symbol} of {used[:-1]}c is not below this room"


def uses(files):
    """{module: {module: why}}: what a .c and its .h include and call of others."""
    graph = {}
    for path, text in c_files(files, LAID_OUT).items():
        module = graph.setdefault(path[:-2], {})
        for _, ours, header in includes(text):
            used = header if "/" in header else os.path.join(os.path.dirname(path), header)
            if ours and used in files:
                module.setdefault(used[:-2], "includes it")
    for user, used, symbol in calls(files):
        graph[user[:-2]][used[:-2]] = f"calls {symbol}"
    return {module: {used: why for used, why in all_used.items() if used != module and used in graph and is_laid_out(used)}
            for module, all_used in graph.items() if is_laid_out(module)}


def circles(graph):
    """The strongly connected parts of more than one module (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(module):
        index[module] = low[module] = len(index)
        stack.append(module)
        for used in graph[module]:
            if used not in index:
                visit(used)
            if used in stack:
                low[module] = min(low[module], low[used])
        if low[module] == index[module]:
            part = stack[stack.index(module):]
            del stack[stack.index(module):]
            if len(part) > 1:
                found.append(part)

    for module in graph:
        if module not in index:
            visit(module)
    return found


def check_circles(files):
    graph = uses(files)
    for part in circles(graph):
        for module in part:
            for used in sorted(graph[module].keys() & set(part)):
                yield f"{module}:1: in a circle of {len(part)} files with {used}: {graph[module][used]}"


def check_libraries(files):
    for path, text in c_files(files).items():
        if path.startswith("tests/"):
            continue
        for number, _, header in includes(text):
            for pattern, allowed in ONLY_IN.items():
                if fnmatch.fnmatch(header, pattern) and not any(fnmatch.fnmatch(path, place) for place in allowed):
                    yield f"{path}:{number}: only {' and '.join(allowed)} may include {header}"


def function(name, calls="", includes=""):
    """A C file with a function, and perhaps the one that it calls."""
    body = f"return {calls}();" if calls else "return 0;"
    return f"{includes}int {calls or name}(void);\nint {name}(void);\nint {name}(void)\n{{\n\t{body}\n}}\n"


LINTS = [
    Lint("layers", check_layers,
         {"cli/x.c": '#include "dm-import/core/engine.h"\n'},
         {"cli/x.c": '#include "dm-import/dm_import.h"\n#include "certs/pair.h"\n'}),
    Lint("libraries", check_libraries,
         {"dm-import/verbs/switch.c": "#include <libdevmapper.h>\n"}, {"dm-import/system/dm.c": "#include <libdevmapper.h>\n"},
         more=[{"dm-import/reports/host.c": '#include "base/json.h"\n'}]),
    Lint("rooms", check_rooms,
         {"sample/bottom/x.c": '#include "sample/top/x.h"\n', "sample/top/x.h": ""},
         {"sample/top/x.c": '#include "x.h"\n#include "sample/bottom/x.h"\n', "sample/top/x.h": "", "sample/middle/x.c": "", "sample/side/x.c": "",
          "sample/bottom/x.h": '#include "sample/words.h"\n', "sample/words.h": "", "sample/x.c": '#include "sample/top/x.h"\n'},
         more=[{"sample/middle/x.c": '#include "sample/side/x.h"\n'}, {"sample/words.h": '#include "sample/bottom/x.h"\n'},
               {"sample/top/x.c": '#include "sample/top/x.h"\n'}, {"sample/top/x.c": '#include "words.h"\n'}, {"sample/attic/x.c": ""}, {"sample/README.md": "", "sample/x.c": ""}]),
    Lint("symbols", check_symbols,
         {"sample/bottom/x.c": function("x", "up"), "sample/top/up.c": function("up")},
         {"sample/top/x.c": function("x", "down"), "sample/bottom/down.c": function("down")}, objects=True,
         more=[{"sample/middle/x.c": function("x", "y"), "sample/side/y.c": function("y")},
               {"base/x.c": function("x", "y"), "cli/y.c": function("y")}]),
    Lint("circles", check_circles,
         {"certs/one.c": function("one", "two"), "certs/two.c": function("two", "one")},
         {"certs/one.c": function("one", "two"), "certs/two.c": function("two", "three"), "certs/three.c": function("three")}, objects=True,
         more=[{"certs/one.c": '#include "two.h"\n', "certs/one.h": "", "certs/two.h": '#include "one.h"\n'},
               {"certs/one.c": function("one", "two"), "certs/one.h": "", "certs/two.c": function("two", includes='#include "one.h"\n')}]),
]
