/* Calls that make no sense: each is a status, none a crash, and nothing is written for any of them. */
#include "check.h"

static const fabstir_hash SECRET = {{1}};

static void pointers_and_lengths(void) {
    _Alignas(8) uint8_t memory[128] = {0};
    fabstir_amount amount, untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    amount = untouched;
    REFUSED(fabstir_amount_parse(NULL, 3, 6, &amount), NULL_ARGUMENT);
    REFUSED(fabstir_amount_parse("1.5", 3, 6, NULL), NULL_ARGUMENT);
    REFUSED(fabstir_amount_parse("1.5", SIZE_MAX, 6, &amount), BAD_LENGTH);
    REFUSED(fabstir_amount_parse("1.5", SIZE_MAX / 2 + 1, 6, &amount), BAD_LENGTH);
    REFUSED(fabstir_amount_parse("\xff\xfe", 2, 6, &amount), INVALID_UTF8);
    REFUSED(fabstir_amount_parse("1.5.", 4, 6, &amount), INVALID_VALUE);
    REFUSED(fabstir_amount_parse(NULL, 0, 6, &amount), INVALID_VALUE);
    SAME(amount, untouched);
    fabstir_hash digest;
    REFUSED(fabstir_tokens_digest((const uint32_t *)(const void *)(memory + 1), 1, &digest), BAD_POINTER);
    REFUSED(fabstir_tokens_digest((const uint32_t *)(const void *)memory, SIZE_MAX / 4, &digest), BAD_LENGTH);
    REFUSED(fabstir_amount_to_u64(&amount, (uint64_t *)(void *)(memory + 1)), BAD_POINTER);
    REFUSED(fabstir_amount_to_u64(&amount, (uint64_t *)(void *)memory), OVERFLOW);
    OK(fabstir_tokens_digest(NULL, 0, &digest));
}

static void small_buffers(void) {
    char text[8];
    size_t len = 0;
    fabstir_amount amount;
    memset(text, 'x', sizeof text);
    OK(fabstir_amount_parse(TEXT("123.456"), 6, &amount));
    REFUSED(fabstir_amount_format(&amount, 6, text, 7, &len), BUFFER_TOO_SMALL);
    CHECK(len == 7 && text[0] == 'x');
    REFUSED(fabstir_amount_format(&amount, 6, NULL, 0, &len), BUFFER_TOO_SMALL);
    REFUSED(fabstir_amount_format(&amount, 6, NULL, 8, &len), NULL_ARGUMENT);
    OK(fabstir_amount_format(&amount, 6, text, 8, &len));
    CHECK(len == 7 && strcmp(text, "123.456") == 0);
    const char *messages = "[{\"role\": \"system\", \"content\": \"x\"}, {\"role\": \"user\", \"content\": \"y\"}]";
    uint32_t costs[2] = {1, 1};
    size_t kept[2] = {7, 7}, count = 0;
    REFUSED(fabstir_context_fit(TEXT(messages), costs, 2, 9, kept, 1, &count), BUFFER_TOO_SMALL);
    CHECK(count == 2 && kept[0] == 7);
    REFUSED(fabstir_context_fit(TEXT(messages), costs, 1, 9, kept, 2, &count), INVALID_PARAMS);
    REFUSED(fabstir_context_fit(TEXT(messages), costs, 2, 1, kept, 2, &count), PROMPT_TOO_LONG);
    OK(fabstir_context_fit(TEXT(messages), costs, 2, 2, kept, 2, &count));
    CHECK(count == 2 && kept[0] == 0 && kept[1] == 1);
}

static void handles(void) {
    fabstir_key *key = NULL, *stale;
    fabstir_transcript *transcript = NULL;
    fabstir_address address;
    fabstir_hash zero = {{0}}, none = {{0xff}};
    int of_ours = 0;
    memset(none.bytes, 0xff, sizeof none.bytes);
    REFUSED(fabstir_key_new(&zero, &key), INVALID_VALUE);
    REFUSED(fabstir_key_new(&none, &key), INVALID_VALUE);
    CHECK(key == NULL);
    OK(fabstir_key_new(&SECRET, &key));
    OK(fabstir_transcript_new(&zero, &zero, &zero, &transcript));
    CHECK(fabstir_handles_open() == 2);
    REFUSED(fabstir_key_address((const fabstir_key *)(const void *)transcript, &address), BAD_HANDLE);
    REFUSED(fabstir_transcript_sample((fabstir_transcript *)(void *)key, 1), BAD_HANDLE);
    REFUSED(fabstir_key_address((const fabstir_key *)(const void *)&of_ours, &address), BAD_HANDLE);
    fabstir_transcript_free((fabstir_transcript *)(void *)key); /* Of another kind: nothing happens. */
    OK(fabstir_key_address(key, &address));
    stale = key;
    fabstir_key_free(key);
    fabstir_key_free(key);
    REFUSED(fabstir_key_address(stale, &address), BAD_HANDLE);
    OK(fabstir_key_new(&SECRET, &key));
    CHECK(key != stale); /* A number is not used again. */
    fabstir_key_free(key);
    fabstir_key_free((fabstir_key *)(void *)&of_ours);
    fabstir_transcript_free(transcript);
    fabstir_transcript_free(transcript);
}

static void memory_of_ours(void) {
    fabstir_string text = {NULL, 0};
    fabstir_bytes bytes = {NULL, 0};
    OK(fabstir_last_error_string(&text));
    CHECK(text.data != NULL && text.data[text.len] == 0);
    fabstir_string_free(&text);
    fabstir_string_free(&text);
    CHECK(text.data == NULL && text.len == 0);
    OK(fabstir_abi_encode_call(TEXT("FabToken"), TEXT("approve"),
                               TEXT("[\"0x0000000000000000000000000000000000000001\", \"5\"]"), &bytes));
    CHECK(bytes.len == 68 && bytes.data[67] == 5);
    fabstir_bytes_free(&bytes);
    fabstir_bytes_free(&bytes);
    REFUSED(fabstir_abi_encode_call(TEXT("FabToken"), TEXT("approve"), TEXT("{\"to\": 1}"), &bytes), INVALID_VALUE);
    REFUSED(fabstir_abi_encode_call(TEXT("FabToken"), TEXT("approve"), TEXT("{"), &bytes), INVALID_VALUE);
    REFUSED(fabstir_abi_encode_call(TEXT("Nothing"), TEXT("approve"), TEXT("[]"), &bytes), INVALID_VALUE);
}

/* Numbers where C has no type of its own for what is meant. */
static void numbers(void) {
    fabstir_opening opening;
    fabstir_market market;
    fabstir_escrow_event event;
    fabstir_effects effects;
    fabstir_escrow *escrow = NULL;
    fabstir_bytes bytes;
    memset(&opening, 0, sizeof opening);
    memset(&market, 0, sizeof market);
    memset(&event, 0, sizeof event);
    opening.funding = 3;
    REFUSED(fabstir_escrow_open(&opening, &market, 0, &escrow), INVALID_VALUE);
    opening.funding = FABSTIR_FUNDING_WALLET;
    market.paused = 2;
    REFUSED(fabstir_escrow_open(&opening, &market, 0, &escrow), INVALID_VALUE);
    market.paused = 1;
    REFUSED(fabstir_escrow_open(&opening, &market, 0, &escrow), MARKET_PAUSED);
    opening.terms.input_price.bytes[15] = 1; /* 2^128 */
    REFUSED(fabstir_escrow_open(&opening, &market, 0, &escrow), OVERFLOW);
    REFUSED(fabstir_escrow_apply(escrow, &event, 0, &effects), INVALID_VALUE);
    event.kind = FABSTIR_ESCROW_TIMEOUT;
    REFUSED(fabstir_escrow_apply(escrow, &event, 0, &effects), NULL_ARGUMENT);
    REFUSED(fabstir_wire_convert(2, 0, (const uint8_t *)"{}", 2, 0, &bytes), INVALID_VALUE);
    REFUSED(fabstir_wire_convert(0, 2, (const uint8_t *)"{}", 2, 0, &bytes), INVALID_VALUE);
    CHECK(fabstir_status_name(UINT32_MAX) == NULL && !fabstir_status_is_retryable(UINT32_MAX));
    CHECK(strcmp(fabstir_status_name(FABSTIR_STATUS_OVERFLOW), "overflow") == 0);
}

int main(void) {
    CHECK(fabstir_abi_version() == FABSTIR_ABI_VERSION);
    pointers_and_lengths();
    small_buffers();
    handles();
    memory_of_ours();
    numbers();
    return done("misuse");
}
