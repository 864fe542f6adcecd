/* vectors/settlement.json: what tokens cost, and who gets it. */
#include "vectors.h"

static void gross(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_usage counts = usage(at);
        fabstir_prices per_million = prices(at);
        fabstir_amount cost, expected = amount(at, "gross");
        OK(fabstir_settlement_gross_down(&counts, &per_million, &cost));
        SAME(cost, expected);
    }
}

static void payable(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_usage counts = usage(at);
        fabstir_prices per_million = prices(at);
        fabstir_amount paid, deposit = amount(at, "deposit"), expected = amount(at, "paid");
        OK(fabstir_settlement_payable_down(&counts, &per_million, &deposit, &paid));
        SAME(paid, expected);
    }
}

static void fee(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_amount taken, paid = amount(at, "paid"), expected = amount(at, "fee");
        uint16_t bps = (uint16_t)number(at, "fee_bps");
        fabstir_split split;
        OK(fabstir_settlement_fee_down(&paid, bps, &taken));
        SAME(taken, expected);
        OK(fabstir_settlement_split(&paid, bps, &split));
        SAME(split.fee, expected);
        OK(fabstir_amount_add(&split.host, &split.fee, &taken));
        SAME(taken, paid);
    }
}

static void increments(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_amount before = amount(at, "settled_before"), after = amount(at, "settled_after");
        fabstir_amount host = amount(at, "host"), taken = amount(at, "fee");
        fabstir_split split;
        int32_t order = 7;
        OK(fabstir_settlement_increment(&before, &after, (uint16_t)number(at, "fee_bps"), &split));
        SAME(split.host, host);
        SAME(split.fee, taken);
        OK(fabstir_amount_compare(&before, &after, &order));
        CHECK(order == -1 || order == 0);
        if (order < 0) {
            REFUSED(fabstir_settlement_increment(&after, &before, 0, &split), VOUCHER_BACKWARDS);
        }
    }
}

static void cancellation(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_amount agreed, unspent = amount(at, "unspent"), expected = amount(at, "agreed");
        fabstir_amount paid = amount(at, "paid"), refund = amount(at, "refund"), rest;
        OK(fabstir_settlement_cancellation_fee_down(&unspent, (uint16_t)number(at, "cancel_bps"), &agreed));
        SAME(agreed, expected);
        OK(fabstir_amount_sub(&unspent, &paid, &rest));
        SAME(rest, refund);
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    json_t *file = open_vectors(argv[1], "settlement");
    gross(json_object_get(file, "gross"));
    payable(json_object_get(file, "payable"));
    fee(json_object_get(file, "fee"));
    increments(json_object_get(file, "increments"));
    cancellation(json_object_get(file, "cancellation"));
    json_decref(file);
    return done("vectors_settlement");
}
