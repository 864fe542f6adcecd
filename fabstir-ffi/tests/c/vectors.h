/* Reading vectors/NAME.json: a group is an object of lists of equal length, one a field. */
#ifndef VECTORS_H
#define VECTORS_H

#include "check.h"

#include <jansson.h>

typedef struct {
    const json_t *columns;
    size_t index;
} row;

/* A file; its folder is the program's first argument. */
static inline json_t *open_vectors(const char *folder, const char *name) {
    char path[4096];
    json_error_t error;
    CHECK(snprintf(path, sizeof path, "%s/%s.json", folder, name) < (int)sizeof path);
    json_t *file = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, error.text);
        exit(1);
    }
    return file;
}

static inline size_t rows(const json_t *columns) {
    const char *key;
    json_t *list;
    json_object_foreach((json_t *)columns, key, list) {
        CHECK(json_array_size(list) > 0);
        return json_array_size(list);
    }
    CHECK(!"a group without fields");
    return 0;
}

static inline const json_t *value(row at, const char *field) {
    const json_t *found = json_array_get(json_object_get(at.columns, field), at.index);
    CHECK(found != NULL);
    return found;
}

static inline const char *string(row at, const char *field) {
    const char *found = json_string_value(value(at, field));
    CHECK(found != NULL);
    return found;
}

static inline uint64_t decimal(const char *text) {
    fabstir_amount amount;
    uint64_t number = 0;
    OK(fabstir_amount_parse(TEXT(text), 0, &amount));
    OK(fabstir_amount_to_u64(&amount, &number));
    return number;
}

static inline uint64_t number(row at, const char *field) {
    const json_t *found = value(at, field);
    return json_is_integer(found) ? (uint64_t)json_integer_value(found) : decimal(string(at, field));
}

static inline fabstir_amount amount_of(const char *text) {
    fabstir_amount amount;
    OK(fabstir_amount_parse(TEXT(text), 0, &amount));
    return amount;
}

static inline fabstir_amount amount(row at, const char *field) {
    return amount_of(string(at, field));
}

static inline unsigned nibble(char digit) {
    const char *digits = "0123456789abcdef", *place = strchr(digits, digit);
    CHECK(digit != 0 && place != NULL);
    return (unsigned)(place - digits);
}

/* Bytes from 0x-hex; returns how many. */
static inline size_t bytes_of(const char *hex, uint8_t *bytes, size_t capacity) {
    size_t len = (strlen(hex) - 2) / 2;
    CHECK(len <= capacity);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(nibble(hex[2 + 2 * i]) << 4 | nibble(hex[3 + 2 * i]));
    }
    return len;
}

static inline fabstir_hash hash_of(const char *hex) {
    fabstir_hash hash;
    CHECK(bytes_of(hex, hash.bytes, sizeof hash.bytes) == sizeof hash.bytes);
    return hash;
}

static inline fabstir_hash hash(row at, const char *field) {
    return hash_of(string(at, field));
}

static inline fabstir_address address(row at, const char *field) {
    fabstir_address address;
    CHECK(bytes_of(string(at, field), address.bytes, sizeof address.bytes) == sizeof address.bytes);
    return address;
}

/* A 256-bit number as the id or salt that it is. */
static inline fabstir_hash id_of(const char *text) {
    fabstir_amount amount = amount_of(text);
    fabstir_hash id;
    memcpy(id.bytes, amount.bytes, sizeof id.bytes);
    return id;
}

static inline fabstir_usage usage(row at) {
    fabstir_usage usage = {number(at, "input_tokens"), number(at, "output_tokens")};
    return usage;
}

static inline fabstir_prices prices(row at) {
    fabstir_prices prices = {amount(at, "input_price"), amount(at, "output_price")};
    return prices;
}

/* The status of a code's name. */
static inline fabstir_status status_of(const char *name) {
    for (uint32_t number = 0; number < 1000; number++) {
        const char *known = fabstir_status_name(number);
        if (known != NULL && strcmp(known, name) == 0) {
            return (fabstir_status)number;
        }
    }
    CHECK(!"a known code");
    return FABSTIR_STATUS_INTERNAL;
}

#endif
