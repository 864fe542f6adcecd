/* What a call across the boundary costs. Prints nanoseconds a call; the scalar ones must stay below the first argument. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* The best of several rounds: what the call costs, not what else the machine does. */
#define MEASURE(name, limit, call)                                                                                     \
    do {                                                                                                               \
        double best = 1e18;                                                                                            \
        for (int round = 0; round < 20; round++) {                                                                     \
            double began = now();                                                                                      \
            for (int i = 0; i < 20000; i++) {                                                                          \
                if ((call) != FABSTIR_STATUS_OK) abort();                                                              \
            }                                                                                                          \
            double each = (now() - began) / 20000;                                                                     \
            best = each < best ? each : best;                                                                          \
        }                                                                                                              \
        printf("%-28s %7.1f ns\n", name, best);                                                                        \
        CHECK(best < (limit));                                                                                         \
    } while (0)

int main(int argc, char **argv) {
    CHECK(argc == 2);
    double limit = atof(argv[1]);
    fabstir_amount a, b, sum;
    fabstir_usage usage = {1234, 567};
    fabstir_prices prices;
    fabstir_transcript *transcript = NULL;
    fabstir_hash zero = {{0}};
    uint64_t number = 0;
    OK(fabstir_amount_from_u64(60000, &a));
    OK(fabstir_amount_from_u64(240000, &b));
    prices.input = a;
    prices.output = b;
    OK(fabstir_transcript_new(&zero, &zero, &zero, &transcript));
    MEASURE("amount_from_u64", limit, fabstir_amount_from_u64((uint64_t)i, &sum));
    MEASURE("amount_add", limit, fabstir_amount_add(&a, &b, &sum));
    MEASURE("amount_to_u64", limit, fabstir_amount_to_u64(&a, &number));
    MEASURE("settlement_gross_down", limit, fabstir_settlement_gross_down(&usage, &prices, &sum));
    MEASURE("a handle: begin_turn", limit, fabstir_transcript_begin_turn(transcript, NULL));
    MEASURE("transcript_sample", 10 * limit, fabstir_transcript_sample(transcript, (uint32_t)i));
    fabstir_transcript_free(transcript);
    return done("overhead");
}
