/*
 * Faults on purpose, one for each word on the command line: what the sanitizers and valgrind must report, or they look
 * at nothing. The sizes come from argc so that no compiler and no lint sees the faults before they happen.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 10000, LEAKS = 20 };

static void *volatile kept;
static volatile int number = INT_MAX;
static int counter;

/* Several: what is left of a pointer in a register or on the stack hides one from the leak sanitizer. */
static int leak(int one)
{
	for (int i = 0; i < LEAKS; i++)
		kept = malloc((size_t)one * 100);
	kept = NULL;
	return 0;
}

static int overflow(int one)
{
	size_t size = (size_t)one * 16;
	volatile char *text = malloc(size);

	if (!text)
		return 1;
	text[size] = 'x';
	free((void *)text);
	return 0;
}

static int undefined(int one)
{
	number = number + one;
	return 0;
}

static void *count(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		counter++;
	return NULL;
}

static int race(int one)
{
	pthread_t threads[2];

	for (int i = 0; i <= one; i++)
		if (pthread_create(&threads[i], NULL, count, NULL))
			return 1;
	for (int i = 0; i <= one; i++)
		pthread_join(threads[i], NULL);
	return counter < 0;
}

static const struct {
	const char *name;
	int (*happen)(int one);
} faults[] = {
	{ "leak", leak },
	{ "overflow", overflow },
	{ "undefined", undefined },
	{ "race", race },
};

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(argv[1], faults[i].name) == 0)
			return faults[i].happen(argc - 1);
	fprintf(stderr, "control: no fault is named %s\n", argv[1]);
	return 2;
}
