/*
 * How often somebody may do something: token buckets, one for each key (an address, a certificate). A bucket holds
 * `burst` tokens at first and gets `per_s` more each second. The table is small; when it is full, the key that has been
 * quiet for longest is forgotten, so an attacker with many addresses can neither fill memory nor lock others out.
 * Thread-safe.
 */
#ifndef AGENT_RATE_H
#define AGENT_RATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATE_KEY_BYTES = 32, RATE_KEYS = 256 };

struct rate_bucket {
	unsigned char key[RATE_KEY_BYTES];
	uint64_t at_us; /* when `tokens` was right; 0: the entry is free */
	double tokens;
};

struct rate {
	double per_s, burst;
	pthread_mutex_t mutex;
	struct rate_bucket buckets[RATE_KEYS];
};

void rate_init(struct rate *rate, double per_s, double burst);
void rate_destroy(struct rate *rate);

/* Take a token of this key's bucket, of which the first RATE_KEY_BYTES count; false when there is none. Never blocks.
 */
bool rate_take(struct rate *rate, const void *key, size_t length, uint64_t now_us);

#endif
