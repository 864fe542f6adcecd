/* What every test here needs: checks that say where they failed, and a count of them. */
#ifndef CHECK_H
#define CHECK_H

#include "fabstir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long checks;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        checks++;                                                                                                      \
        if (!(condition)) {                                                                                            \
            char words[512] = "";                                                                                      \
            size_t words_len = 0;                                                                                      \
            (void)fabstir_last_error(words, sizeof words, &words_len);                                                 \
            fprintf(stderr, "%s:%d: not so: %s (last error: %s)\n", __FILE__, __LINE__, #condition, words);            \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

#define OK(call) CHECK((call) == FABSTIR_STATUS_OK)
#define REFUSED(call, status) CHECK((call) == FABSTIR_STATUS_##status)
#define SAME(a, b) CHECK(memcmp(&(a), &(b), sizeof(a)) == 0)

/* A text and its length, as most functions take them. */
#define TEXT(text) (text), strlen(text)

/* How every program ends: no handle left open. */
static inline int done(const char *name) {
    CHECK(fabstir_handles_open() == 0);
    printf("%s: %lu checks\n", name, checks);
    return 0;
}

#endif
