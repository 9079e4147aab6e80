/*
 * Host names and addresses; see names.h. Only the host's full name is asked of the resolver, which may ask DNS.
 */
#include "names.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

static bool is_address(const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
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

int names_add(struct names *names, const char *text, struct error *err)
{
	struct cert_name *name;

	if (!is_address(text) && !is_host_name(text))
		return error_set(err, ERR_VALUE_INVALID, NULL, "'%.100s' is neither a host name nor an address", text);
	for (size_t i = 0; i < names->count; i++)
		if (strcasecmp(names->list[i].text, text) == 0)
			return 0;
	if (names->count == NAMES_MAX)
		return error_set(err, ERR_VALUE_INVALID, NULL, "more than %d names", NAMES_MAX);
	name = &names->list[names->count++];
	name->is_address = is_address(text);
	snprintf(name->text, sizeof(name->text), "%s", text);
	return 0;
}

static int add_host_names(struct names *names, struct error *err)
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME };
	char host[CERT_NAME_SIZE] = "";
	struct addrinfo *info;
	int result = 0;

	if (gethostname(host, sizeof(host) - 1) < 0)
		return error_set_sys(err, ERR_IO, NULL, errno, "the host has no name");
	if (is_host_name(host))
		result = names_add(names, host, err);
	if (result == 0 && getaddrinfo(host, NULL, &hints, &info) == 0) {
		if (info->ai_canonname && is_host_name(info->ai_canonname))
			result = names_add(names, info->ai_canonname, err);
		freeaddrinfo(info);
	}
	return result;
}

/* The numeric form of an address that others can reach; false for link-local and other families. */
static bool address_text(const struct ifaddrs *entry, char *ret, socklen_t size)
{
	const struct sockaddr_in6 *v6 = (const void *)entry->ifa_addr;
	const struct sockaddr_in *v4 = (const void *)entry->ifa_addr;

	if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP))
		return false;
	if (entry->ifa_addr->sa_family == AF_INET)
		return inet_ntop(AF_INET, &v4->sin_addr, ret, size) != NULL;
	if (entry->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
		return inet_ntop(AF_INET6, &v6->sin6_addr, ret, size) != NULL;
	return false;
}

int names_add_host(struct names *names, struct error *err)
{
	struct ifaddrs *list;
	char text[INET6_ADDRSTRLEN];
	int result;

	if (add_host_names(names, err) < 0)
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
