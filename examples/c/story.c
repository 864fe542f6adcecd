/* A paid conversation: open, talk twice, sign, close, compare the ledger.
 *
 *     cc story.c $(pkg-config --cflags --libs fabstir) -o story
 *     ./story RPC_URL MARKET_ADDRESS RENTER_KEY SESSIONS_FILE
 *
 * `cargo run -p fabstir-examples --bin market` starts a market and prints the first three. Expected output:
 *
 *     > Who are you?
 *     I am Fabstir Tiny, a very small language model. I know the village of Brindle.
 *     > What is two plus three?
 *     2 plus 3 is 5.
 *     signed for 27 input and 32 output tokens
 *     deposit 0.001 ETH
 *        host 0.0000000527 ETH
 *         fee 0.0000000093 ETH
 *      refund 0.000999938 ETH
 */
#include <fabstir.h>
#include <stdio.h>
#include <string.h>

/* Says what went wrong and ends the program. */
#define TRY(call)                                                                                          \
    if ((status = (call)) != FABSTIR_STATUS_OK)                                                            \
    return fabstir_last_error(text, sizeof text, &len), fprintf(stderr, "%s: %s\n", fabstir_status_name(status), text)

int main(int argc, char **argv) {
    static const char *questions[] = {"Who are you?", "What is two plus three?"}, *labels[] = {"deposit", "host", "fee", "refund"};
    static const char options[] = "{\"temperature\": 0}", opening[] = "{\"deposit\": \"1000000000000000\"}";
    char text[4096] = "";
    size_t len;
    fabstir_status status;
    fabstir_hash secret = {{0}};
    if (argc != 5) return fprintf(stderr, "usage: story RPC_URL MARKET_ADDRESS RENTER_KEY SESSIONS_FILE\n");
    for (size_t i = 0; i < 32; i++) sscanf(argv[3] + 2 + 2 * i, "%2hhx", &secret.bytes[i]);

    fabstir_key *key;
    fabstir_renter *renter;
    fabstir_session *session;
    snprintf(text, sizeof text, "{\"rpc\": \"%s\", \"market\": \"%s\", \"store\": \"%s\"}", argv[1], argv[2], argv[4]);
    TRY(fabstir_key_new(&secret, &key));
    TRY(fabstir_renter_new(text, strlen(text), key, &renter));
    TRY(fabstir_renter_open(renter, opening, strlen(opening), &session));

    fabstir_event event, voucher = {0};
    for (int i = 0; i < 2; i++) {
        printf("> %s\n", questions[i]);
        TRY(fabstir_session_prompt(session, questions[i], strlen(questions[i]), options, strlen(options)));
        while ((status = fabstir_session_next(session, 60000, &event)) == FABSTIR_STATUS_OK) {
            if (event.kind == FABSTIR_EVENT_KIND_TOKEN) fputs(event.text.data, stdout);
            if (event.kind == FABSTIR_EVENT_KIND_VOUCHER) voucher = event;
            fabstir_string_free(&event.text);
        }
        TRY(status == FABSTIR_STATUS_END ? FABSTIR_STATUS_OK : status);
        puts("");
    }
    printf("signed for %d input and %d output tokens\n", (int)voucher.usage.input, (int)voucher.usage.output);

    fabstir_ledger ledger;
    fabstir_terms terms;
    fabstir_split split;
    fabstir_amount owed, rest;
    TRY(fabstir_session_terms(session, &terms));
    TRY(fabstir_session_close(session, &ledger));
    /* The same number three times: what the price formula says, what we signed for, what the chain paid. */
    fabstir_prices prices = {terms.input_price, terms.output_price};
    TRY(fabstir_settlement_payable_down(&ledger.usage, &prices, &ledger.deposit, &owed));
    TRY(fabstir_amount_sub(&ledger.deposit, &ledger.paid, &rest));
    if (memcmp(&owed, &voucher.owed, 32) || memcmp(&owed, &ledger.paid, 32) || memcmp(&rest, &ledger.refund, 32)) return 1;
    TRY(fabstir_settlement_split(&ledger.paid, terms.fee_bps, &split));
    const fabstir_amount *shares[] = {&ledger.deposit, &split.host, &split.fee, &ledger.refund};
    for (int i = 0; i < 4; i++) {
        TRY(fabstir_amount_format(shares[i], 18, text, sizeof text, &len));
        printf("%7s %s ETH\n", labels[i], text);
    }
    return fabstir_session_free(session), fabstir_renter_free(renter), fabstir_key_free(key), 0;
}
