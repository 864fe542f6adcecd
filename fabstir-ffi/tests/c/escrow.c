/* A session's life as the contract lives it, from C: open, settle, top up, leave early, time out. */
#include "check.h"

static fabstir_amount units(uint64_t number) {
    fabstir_amount amount;
    OK(fabstir_amount_from_u64(number, &amount));
    return amount;
}

static fabstir_escrow *open_session(uint64_t now) {
    fabstir_opening opening;
    fabstir_market market;
    fabstir_escrow *escrow = NULL;
    memset(&opening, 0, sizeof opening);
    memset(&market, 0, sizeof market);
    opening.terms.renter.bytes[0] = opening.caller.bytes[0] = 1;
    opening.terms.host.bytes[0] = 2;
    opening.terms.host_signer.bytes[0] = market.signer.bytes[0] = 3;
    opening.terms.voucher_signer.bytes[0] = 4;
    opening.terms.input_price = opening.terms.output_price = units(1000000);
    opening.terms.expires_at = now + 3600;
    opening.terms.grace = 900;
    opening.terms.fee_bps = market.fee_bps = 1500;
    opening.terms.cancel_bps = 500;
    opening.deposit = units(1000);
    market.max_deposit = units(5000);
    market.floors.input = market.floors.output = units(1);
    opening.caller.bytes[0] = 9;
    REFUSED(fabstir_escrow_open(&opening, &market, now, &escrow), UNAUTHORIZED);
    opening.caller.bytes[0] = 1;
    market.floors.output = units(2000000);
    REFUSED(fabstir_escrow_open(&opening, &market, now, &escrow), PRICE_TOO_LOW);
    opening.has_quote = 1;
    opening.quote_valid_until = now;
    OK(fabstir_escrow_open(&opening, &market, now, &escrow));
    return escrow;
}

int main(void) {
    const uint64_t now = 1800000000;
    fabstir_escrow *escrow = open_session(now);
    fabstir_escrow_event event;
    fabstir_effects effects;
    fabstir_escrow_books books;
    fabstir_amount expected;
    memset(&event, 0, sizeof event);
    event.kind = FABSTIR_ESCROW_SETTLE;
    event.usage.input = 100;
    event.usage.output = 101;
    OK(fabstir_escrow_apply(escrow, &event, now, &effects));
    expected = units(171); /* 201 less 15 %, the fee rounded down */
    SAME(effects.host, expected);
    REFUSED(fabstir_escrow_apply(escrow, &event, now, &effects), VOUCHER_BACKWARDS);
    event.kind = FABSTIR_ESCROW_TOP_UP;
    event.amount = units(4001);
    event.max_deposit = units(5000);
    REFUSED(fabstir_escrow_apply(escrow, &event, now, &effects), BAD_TERMS);
    event.amount = units(1);
    OK(fabstir_escrow_apply(escrow, &event, now, &effects));
    event.kind = FABSTIR_ESCROW_CANCEL;
    event.caller.bytes[0] = 1;
    OK(fabstir_escrow_apply(escrow, &event, now, &effects));
    OK(fabstir_escrow_state(escrow, &books));
    expected = units(40); /* 5 % of the 800 that are unspent */
    SAME(books.cancellation_fee, expected);
    CHECK(books.status == FABSTIR_SESSION_ACTIVE && books.closing_at == now + 900);
    event.kind = FABSTIR_ESCROW_TIMEOUT;
    REFUSED(fabstir_escrow_apply(escrow, &event, now + 899, &effects), NOT_OVER);
    OK(fabstir_escrow_apply(escrow, &event, now + 900, &effects));
    expected = units(760);
    SAME(effects.refund, expected);
    OK(fabstir_escrow_state(escrow, &books));
    expected = units(241);
    SAME(books.settled, expected);
    CHECK(books.status == FABSTIR_SESSION_TIMED_OUT);
    REFUSED(fabstir_escrow_apply(escrow, &event, now + 901, &effects), SESSION_NOT_ACTIVE);
    fabstir_escrow_free(escrow);
    return done("escrow");
}
