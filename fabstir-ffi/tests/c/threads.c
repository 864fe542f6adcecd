/* One handle, many threads: used by all at once, and freed while in use. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 4
#define ROUNDS 2000

static fabstir_transcript *transcript;
static fabstir_key *key;
static atomic_int signed_after_all, refused_after_all;

static void *sample(void *unused) {
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        if (fabstir_transcript_sample(transcript, (uint32_t)i) != FABSTIR_STATUS_OK) {
            abort();
        }
    }
    return NULL;
}

static void *sign(void *unused) {
    (void)unused;
    fabstir_hash digest = {{7}};
    fabstir_signature signature;
    for (int i = 0; i < ROUNDS; i++) {
        fabstir_status status = fabstir_key_sign(key, &digest, &signature);
        if (status == FABSTIR_STATUS_OK) {
            atomic_fetch_add(&signed_after_all, 1);
        } else if (status == FABSTIR_STATUS_BAD_HANDLE) {
            atomic_fetch_add(&refused_after_all, 1);
        } else {
            abort();
        }
    }
    return NULL;
}

static void *end(void *unused) {
    (void)unused;
    while (atomic_load(&signed_after_all) < THREADS) {
    }
    fabstir_key_free(key);
    return NULL;
}

int main(void) {
    pthread_t threads[2 * THREADS];
    fabstir_hash zero = {{0}}, one = {{1}};
    fabstir_transcript_standing standing;
    OK(fabstir_transcript_new(&zero, &zero, &zero, &transcript));
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, sample, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    OK(fabstir_transcript_state(transcript, &standing));
    CHECK(standing.usage.output == THREADS * ROUNDS);
    fabstir_transcript_free(transcript);

    OK(fabstir_key_new(&one, &key));
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, sign, NULL) == 0);
        CHECK(pthread_create(&threads[THREADS + i], NULL, end, NULL) == 0); /* All of them free it. */
    }
    for (int i = 0; i < 2 * THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(atomic_load(&signed_after_all) + atomic_load(&refused_after_all) == THREADS * ROUNDS);
    return done("threads");
}
