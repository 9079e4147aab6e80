/*
 * Host names and addresses; see names.h. The resolver, which may use DNS, is asked only for the host's full name.
 */
#include "names.h"

#include "base/cleanup.h"
#include "base/num.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

/* /proc/net/if_inet6: address, interface number, prefix length, scope, flags, name; the flag is from linux/if_addr.h */
#define IF_INET6 "/proc/net/if_inet6"
#define SYS_NET "/sys/class/net"
enum { FLAG_TEMPORARY = 0x01 };

/* An address in its shortest form; false if the text is not an address. */
static bool canonical_address(const char *text, char ret[static CERT_NAME_SIZE])
{
	unsigned char bytes[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return inet_ntop(AF_INET, bytes, ret, CERT_NAME_SIZE) != NULL;
	return inet_pton(AF_INET6, text, bytes) == 1 && inet_ntop(AF_INET6, bytes, ret, CERT_NAME_SIZE) != NULL;
}

/* RFC 1123, 2.1: labels of 1 to 63 letters, digits and hyphens, at most 253 characters together. */
static bool is_host_name(const char *text)
{
	size_t label = 0;

	if (!*text || strlen(text) > 253)
		return false;
	for (const char *c = text; *c; c++) {
		if (*c == '.') {
			if (label == 0 || c[-1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!(isalnum((unsigned char)*c) || (*c == '-' && label)) || ++label > 63)
			return false;
	}
	return label && text[strlen(text) - 1] != '-';
}

static bool has(const struct names *names, const struct cert_name *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcasecmp(names->list[i].text, name->text) == 0)
			return true;
	return false;
}

int names_add(struct names *names, const char *text, struct error *err)
{
	struct cert_name name = { .is_address = true };

	if (!canonical_address(text, name.text)) {
		if (!is_host_name(text))
			return error_set(err, ERR_VALUE_INVALID, NULL, "'%.100s' is neither a host name nor an address",
					 text);
		name.is_address = false;
		snprintf(name.text, sizeof(name.text), "%s", text);
	}
	if (has(names, &name))
		return 0;
	if (names->count == NAMES_MAX)
		return error_set(err, ERR_VALUE_INVALID, NULL, "more than %d names", NAMES_MAX);
	names->list[names->count++] = name;
	return 0;
}

int names_add_all(struct names *names, const struct names *more, struct error *err)
{
	for (size_t i = 0; i < more->count; i++)
		if ((more->list[i].is_address || is_host_name(more->list[i].text)) &&
		    names_add(names, more->list[i].text, err) < 0)
			return -1;
	return 0;
}

void names_take(struct names *names, const char *text, size_t length, bool is_address)
{
	struct cert_name *name = &names->list[names->count];

	if (names->count == NAMES_MAX)
		return;
	name->is_address = is_address;
	if (length >= sizeof(name->text))
		length = sizeof(name->text) - 1;
	for (size_t i = 0; i < length; i++)
		name->text[i] = text[i] > ' ' && text[i] < 0x7f ? text[i] : '?';
	name->text[length] = '\0';
	names->count++;
}

static int add_host_names(struct names *names, bool ask_resolver, struct error *err)
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME };
	char host[CERT_NAME_SIZE] = "";
	struct addrinfo *info;
	int result = 0;

	if (gethostname(host, sizeof(host) - 1) < 0)
		return error_set_sys(err, ERR_IO, NULL, errno, "the host has no name");
	if (is_host_name(host))
		result = names_add(names, host, err);
	if (result == 0 && ask_resolver && getaddrinfo(host, NULL, &hints, &info) == 0) {
		if (info->ai_canonname && is_host_name(info->ai_canonname))
			result = names_add(names, info->ai_canonname, err);
		freeaddrinfo(info);
	}
	return result;
}

/* The kernel makes such addresses for outgoing connections, and replaces them regularly. */
static bool is_temporary(const struct in6_addr *address)
{
	CLEANUP_FILE FILE *file = fopen(IF_INET6, "re");
	char line[128], digits[2 * sizeof(*address) + 1];
	unsigned flags;

	num_to_hex(address->s6_addr, sizeof(*address), digits);
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, digits, strlen(digits)) == 0 &&
		    sscanf(line + strlen(digits), "%*x %*x %*x %x", &flags) == 1)
			return flags & FLAG_TEMPORARY;
	return false;
}

static bool begins_any(const char *folder, const char *prefix)
{
	CLEANUP_DIR DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

/* A network card, or an interface on top of one: a bond, a VLAN. */
static bool leads_out(const char *interface)
{
	char folder[sizeof(SYS_NET) + 2 * NAME_MAX];

	snprintf(folder, sizeof(folder), SYS_NET "/%s", interface);
	return begins_any(folder, "device") || begins_any(folder, "lower_");
}

/*
 * A bridge without a port that leads out of the host: containers and virtual machines use these, and they come and go.
 */
static bool is_inner_bridge(const char *interface)
{
	char folder[sizeof(SYS_NET) + 2 * NAME_MAX];
	CLEANUP_DIR DIR *ports = NULL;
	const struct dirent *port;

	snprintf(folder, sizeof(folder), SYS_NET "/%s/brif", interface);
	ports = opendir(folder);
	if (!ports)
		return false;
	while ((port = readdir(ports)))
		if (*port->d_name != '.' && leads_out(port->d_name))
			return false;
	return true;
}

/* The numeric form of an address that others can reach permanently; false for any other address. */
static bool address_text(const struct ifaddrs *entry, char *ret, socklen_t size)
{
	const struct sockaddr_in6 *v6 = (const void *)entry->ifa_addr;
	const struct sockaddr_in *v4 = (const void *)entry->ifa_addr;

	if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP) || is_inner_bridge(entry->ifa_name))
		return false;
	if (entry->ifa_addr->sa_family == AF_INET)
		return inet_ntop(AF_INET, &v4->sin_addr, ret, size) != NULL;
	if (entry->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) &&
	    !is_temporary(&v6->sin6_addr))
		return inet_ntop(AF_INET6, &v6->sin6_addr, ret, size) != NULL;
	return false;
}

int names_add_host(struct names *names, bool ask_resolver, struct error *err)
{
	struct ifaddrs *list;
	char text[INET6_ADDRSTRLEN];
	int result;

	if (add_host_names(names, ask_resolver, err) < 0)
		return -1;
	if (getifaddrs(&list) < 0)
		return error_set_sys(err, ERR_IO, NULL, errno, "the host's addresses cannot be listed");
	result = names_add(names, "localhost", err);
	for (const struct ifaddrs *entry = list; entry && result == 0; entry = entry->ifa_next)
		if (address_text(entry, text, sizeof(text)))
			result = names_add(names, text, err);
	freeifaddrs(list);
	return result;
}

bool names_is_local(const struct cert_name *name)
{
	if (!name->is_address)
		return strcasecmp(name->text, "localhost") == 0;
	return strncmp(name->text, "127.", 4) == 0 || strcmp(name->text, "::1") == 0;
}

static bool covers(const char *pattern, const char *host)
{
	const char *rest = strchr(host, '.');
	size_t label = strcspn(pattern, ".");

	if (strcasecmp(pattern, host) == 0)
		return true;
	if (rest)
		return strncmp(pattern, "*.", 2) == 0 && strcasecmp(pattern + 1, rest) == 0;
	return pattern[label] &&
	       ((label == 1 && *pattern == '*') || (label == strlen(host) && strncasecmp(pattern, host, label) == 0));
}

bool names_cover(const struct names *certificate, const struct cert_name *name)
{
	for (size_t i = 0; i < certificate->count; i++) {
		const struct cert_name *entry = &certificate->list[i];

		if (entry->is_address == name->is_address &&
		    (name->is_address ? strcmp(entry->text, name->text) == 0 : covers(entry->text, name->text)))
			return true;
	}
	return false;
}

void names_print(const struct names *names, struct buf *ret)
{
	if (names->count == 0)
		buf_puts(ret, "-");
	for (size_t i = 0; i < names->count; i++)
		buf_printf(ret, "%s%s", i ? ", " : "", names->list[i].text);
}
