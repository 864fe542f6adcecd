/* A renter from C, with a real host: what the story does not show. Cancelled from another thread, freed while pulled, asked
 * twice at once, topped up, cleared, closed twice.
 *
 * Arguments: RPC_URL MARKET_ADDRESS RENTER_KEY SESSIONS_FILE */
#include "check.h"

#include <pthread.h>

static const char *const OPENING = "{\"deposit\": \"1000000000000000\", \"duration_seconds\": 7200}";
static const char *const LONG = "{\"max_tokens\": 400, \"temperature\": 2000, \"top_k\": 256, \"top_p\": 1000, \"min_p\": 0}";
static const char *const QUESTION = "Tell me a story about the village.";

/* Pulls an answer to its end; returns why it ended. */
static fabstir_finish read_all(fabstir_session *session, uint64_t *tokens) {
    fabstir_event event;
    fabstir_status status;
    fabstir_finish finish = FABSTIR_FINISH_NONE;
    *tokens = 0;
    while ((status = fabstir_session_next(session, 60000, &event)) == FABSTIR_STATUS_OK) {
        *tokens += event.kind == FABSTIR_EVENT_KIND_TOKEN;
        if (event.kind == FABSTIR_EVENT_KIND_DONE) {
            finish = event.finish;
            CHECK(event.usage.output == *tokens);
        }
        fabstir_string_free(&event.text);
    }
    CHECK(status == FABSTIR_STATUS_END);
    return finish;
}

static void *cancel(void *session) {
    for (int i = 0; i < 3; i++) {
        if (fabstir_session_cancel(session) != FABSTIR_STATUS_OK) {
            abort();
        }
    }
    return NULL;
}

/* Whether the answer was cancelled: it may have come to its end before that arrived. */
static int cancelled(fabstir_session *session) {
    fabstir_event event;
    fabstir_finish finish;
    fabstir_ledger ledger;
    fabstir_amount more;
    pthread_t thread;
    uint64_t tokens;
    OK(fabstir_amount_from_u64(1000, &more));
    OK(fabstir_session_cancel(session)); /* Nothing to cancel. */
    OK(fabstir_session_prompt(session, TEXT(QUESTION), TEXT(LONG)));
    REFUSED(fabstir_session_prompt(session, TEXT(QUESTION), TEXT(LONG)), SESSION_BUSY);
    REFUSED(fabstir_session_close(session, &ledger), SESSION_BUSY);
    REFUSED(fabstir_session_top_up(session, &more), SESSION_BUSY);
    REFUSED(fabstir_session_clear(session), SESSION_BUSY);
    OK(fabstir_session_next(session, 60000, &event));
    CHECK(event.kind == FABSTIR_EVENT_KIND_ACCEPTED && event.usage.input > 0);
    CHECK(pthread_create(&thread, NULL, cancel, session) == 0);
    finish = read_all(session, &tokens);
    CHECK(pthread_join(thread, NULL) == 0);
    REFUSED(fabstir_session_next(session, 0, &event), END);
    CHECK(finish == FABSTIR_FINISH_CANCELLED || finish == FABSTIR_FINISH_STOP);
    return finish == FABSTIR_FINISH_CANCELLED && tokens < 400;
}

static void spent(fabstir_session *session) {
    fabstir_ledger before, after;
    fabstir_amount more, sum;
    fabstir_string text;
    uint64_t tokens;
    OK(fabstir_amount_from_u64(1000, &more));
    OK(fabstir_session_ledger(session, &before));
    OK(fabstir_session_top_up(session, &more));
    OK(fabstir_session_ledger(session, &after));
    OK(fabstir_amount_add(&before.deposit, &more, &sum));
    SAME(after.deposit, sum);
    OK(fabstir_session_clear(session));
    OK(fabstir_session_messages(session, &text));
    CHECK(strcmp(text.data, "[]") == 0);
    fabstir_string_free(&text);
    OK(fabstir_session_prompt_messages(
        session, TEXT("[{\"role\": \"user\", \"content\": \"Who are you?\"}]"), TEXT("{\"temperature\": 0}")));
    CHECK(read_all(session, &tokens) == FABSTIR_FINISH_STOP && tokens > 0);
    OK(fabstir_session_messages(session, &text));
    CHECK(strstr(text.data, "\"assistant\"") != NULL);
    fabstir_string_free(&text);
}

static void closed(fabstir_renter *renter, fabstir_session *session) {
    fabstir_ledger ledger, again;
    fabstir_amount sum;
    fabstir_string text;
    OK(fabstir_session_close(session, &ledger));
    SAME(ledger.owed, ledger.paid);
    OK(fabstir_amount_add(&ledger.paid, &ledger.refund, &sum));
    SAME(sum, ledger.deposit);
    REFUSED(fabstir_session_close(session, &again), SESSION_NOT_ACTIVE);
    REFUSED(fabstir_session_prompt(session, TEXT(QUESTION), NULL, 0), SESSION_NOT_ACTIVE);
    OK(fabstir_session_ledger(session, &again));
    SAME(again, ledger);
    OK(fabstir_renter_sessions(renter, &text));
    CHECK(strstr(text.data, "\"standing\":\"ended\"") != NULL);
    fabstir_string_free(&text);
}

static void *release(void *session) {
    fabstir_session_free(session);
    return NULL;
}

static void freed_while_pulled(fabstir_renter *renter) {
    fabstir_session *session = NULL;
    fabstir_event event;
    fabstir_status status;
    fabstir_hash id;
    pthread_t thread;
    OK(fabstir_renter_open(renter, TEXT(OPENING), &session));
    OK(fabstir_session_id(session, &id));
    OK(fabstir_session_prompt(session, TEXT(QUESTION), TEXT(LONG)));
    CHECK(pthread_create(&thread, NULL, release, session) == 0);
    while ((status = fabstir_session_next(session, 60000, &event)) == FABSTIR_STATUS_OK) {
        fabstir_string_free(&event.text);
    }
    CHECK(status == FABSTIR_STATUS_BAD_HANDLE || status == FABSTIR_STATUS_END);
    CHECK(pthread_join(thread, NULL) == 0);
    fabstir_session_free(session);
    /* The session is on chain still: its renter leaves it without the host. */
    OK(fabstir_renter_cancel(renter, &id));
    REFUSED(fabstir_renter_time_out(renter, &id), REVERTED);
}

static void refusals(fabstir_renter *renter) {
    fabstir_session *session = NULL;
    fabstir_string offers;
    fabstir_hash unknown = {{1}};
    REFUSED(fabstir_renter_open(renter, TEXT("{\"deposit\": \"1\", \"surprise\": 1}"), &session), INVALID_VALUE);
    REFUSED(fabstir_renter_open(renter, TEXT("{\"deposit\": 1}"), &session), INVALID_VALUE);
    REFUSED(fabstir_renter_open(renter, TEXT("{\"deposit\": \"1\"}"), &session), INVALID_PARAMS);
    REFUSED(fabstir_renter_open(renter,
                                TEXT("{\"deposit\": \"1\", \"host\": \"0x0000000000000000000000000000000000000001\"}"),
                                &session),
            MODEL_NOT_SERVED);
    REFUSED(fabstir_renter_cancel(renter, &unknown), UNKNOWN_SESSION);
    CHECK(session == NULL);
    OK(fabstir_renter_offers(renter, NULL, 0, &offers));
    CHECK(strstr(offers.data, "\"output_price\":\"") != NULL);
    fabstir_string_free(&offers);
    OK(fabstir_renter_offers(renter, TEXT("{\"host\": \"0x0000000000000000000000000000000000000001\"}"), &offers));
    CHECK(strcmp(offers.data, "[]") == 0);
    fabstir_string_free(&offers);
}

int main(int argc, char **argv) {
    CHECK(argc == 5);
    char config[4096];
    fabstir_hash secret = {{0}};
    fabstir_address coin = {{0}};
    fabstir_amount balance, nothing = {{0}};
    fabstir_key *key = NULL;
    fabstir_renter *renter = NULL;
    fabstir_session *session = NULL;
    for (size_t i = 0; i < 32; i++) {
        CHECK(sscanf(argv[3] + 2 + 2 * i, "%2hhx", &secret.bytes[i]) == 1);
    }
    OK(fabstir_key_new(&secret, &key));
    REFUSED(fabstir_renter_new(TEXT("{}"), key, &renter), INVALID_VALUE);
    REFUSED(fabstir_renter_new(TEXT("{\"rpc\": \"ftp://x\", \"market\": \"0x0000000000000000000000000000000000000001\","
                                    " \"store\": \"/nowhere\"}"),
                               key, &renter),
            INVALID_CONFIG);
    CHECK(renter == NULL);
    snprintf(config, sizeof config, "{\"rpc\": \"%s\", \"market\": \"%s\", \"store\": \"%s\"}", argv[1], argv[2], argv[4]);
    OK(fabstir_renter_new(TEXT(config), key, &renter));
    fabstir_key_free(key);
    OK(fabstir_renter_balance(renter, &coin, &balance));
    CHECK(memcmp(&balance, &nothing, sizeof nothing) != 0);
    refusals(renter);
    OK(fabstir_renter_open(renter, TEXT(OPENING), &session));
    for (int attempt = 0; !cancelled(session); attempt++) {
        CHECK(attempt < 20);
    }
    spent(session);
    closed(renter, session);
    fabstir_session_free(session);
    fabstir_session_free(session);
    freed_while_pulled(renter);
    fabstir_renter_free(renter);
    return done("renter");
}
