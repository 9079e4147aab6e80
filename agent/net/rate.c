/*
 * Token buckets; see rate.h.
 */
#include "rate.h"

#include <string.h>

void rate_init(struct rate *rate, double per_s, double burst)
{
	*rate = (struct rate){ .per_s = per_s, .burst = burst };
	pthread_mutex_init(&rate->mutex, NULL);
}

void rate_destroy(struct rate *rate)
{
	pthread_mutex_destroy(&rate->mutex);
}

/* The key's bucket; a new one in the place of the one that has been quiet for longest. */
static struct rate_bucket *bucket_of(struct rate *rate, const unsigned char key[static RATE_KEY_BYTES], uint64_t now_us)
{
	struct rate_bucket *oldest = &rate->buckets[0];

	for (size_t i = 0; i < RATE_KEYS; i++) {
		struct rate_bucket *bucket = &rate->buckets[i];

		if (bucket->at_us && memcmp(bucket->key, key, RATE_KEY_BYTES) == 0)
			return bucket;
		if (bucket->at_us < oldest->at_us)
			oldest = bucket;
	}
	memcpy(oldest->key, key, RATE_KEY_BYTES);
	oldest->at_us = now_us;
	oldest->tokens = rate->burst;
	return oldest;
}

bool rate_take(struct rate *rate, const void *key, size_t length, uint64_t now_us)
{
	unsigned char padded[RATE_KEY_BYTES] = { 0 };
	struct rate_bucket *bucket;
	bool taken;

	memcpy(padded, key, length < RATE_KEY_BYTES ? length : RATE_KEY_BYTES);
	pthread_mutex_lock(&rate->mutex);
	bucket = bucket_of(rate, padded, now_us);
	if (now_us > bucket->at_us) {
		bucket->tokens += (double)(now_us - bucket->at_us) / 1e6 * rate->per_s;
		bucket->at_us = now_us;
	}
	if (bucket->tokens > rate->burst)
		bucket->tokens = rate->burst;
	taken = bucket->tokens >= 1;
	if (taken)
		bucket->tokens -= 1;
	pthread_mutex_unlock(&rate->mutex);
	return taken;
}
