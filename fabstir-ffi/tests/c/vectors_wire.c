/* vectors/wire.json, the records of vectors/cbor.json, and vectors/sampling.json. */
#include "vectors.h"

#include <math.h>

static const char *text_in(const json_t *object, const char *field) {
    return json_string_value(json_object_get(object, field));
}

static uint32_t sender(const json_t *message) {
    return strcmp(text_in(message, "from"), "host") == 0 ? FABSTIR_SENDER_HOST : FABSTIR_SENDER_CLIENT;
}

/* A frame of a case as bytes, and its format. Returns its length. */
static size_t frame(const json_t *message, uint8_t **bytes, uint32_t *format) {
    const char *cbor = text_in(message, "cbor"), *raw = text_in(message, "json_bytes");
    const json_t *json = json_object_get(message, "json");
    *format = cbor != NULL ? FABSTIR_FORMAT_CBOR : FABSTIR_FORMAT_JSON;
    const char *hex = cbor != NULL ? cbor : raw;
    size_t len = hex != NULL ? (strlen(hex) - 2) / 2 : json_string_length(json);
    *bytes = malloc(len + 1);
    CHECK(*bytes != NULL);
    if (hex != NULL) {
        bytes_of(hex, *bytes, len + 1);
    } else {
        memcpy(*bytes, json_string_value(json), len);
    }
    return len;
}

/* The same JSON value, whatever the order of its fields. */
static void same_json(const fabstir_bytes *found, const char *expected) {
    json_t *a = json_loadb((const char *)found->data, found->len, 0, NULL), *b = json_loads(expected, 0, NULL);
    CHECK(a != NULL && b != NULL && json_equal(a, b));
    json_decref(a);
    json_decref(b);
}

static void messages(const json_t *list) {
    size_t i;
    json_t *message;
    json_array_foreach((json_t *)list, i, message) {
        const char *json = text_in(message, "json"), *hex = text_in(message, "cbor");
        size_t len = (strlen(hex) - 2) / 2;
        uint8_t *cbor = malloc(len);
        fabstir_bytes out = {NULL, 0};
        CHECK(cbor != NULL && bytes_of(hex, cbor, len) == len);
        OK(fabstir_wire_convert(sender(message), FABSTIR_FORMAT_JSON, (const uint8_t *)json, strlen(json),
                                FABSTIR_FORMAT_CBOR, &out));
        CHECK(out.len == len && memcmp(out.data, cbor, len) == 0);
        fabstir_bytes_free(&out);
        OK(fabstir_wire_convert(sender(message), FABSTIR_FORMAT_CBOR, cbor, len, FABSTIR_FORMAT_JSON, &out));
        same_json(&out, json);
        fabstir_bytes_free(&out);
        free(cbor);
    }
}

static void refused(const json_t *list) {
    size_t i;
    json_t *message;
    json_array_foreach((json_t *)list, i, message) {
        uint8_t *bytes;
        uint32_t format;
        size_t len = frame(message, &bytes, &format);
        fabstir_bytes out;
        CHECK(fabstir_wire_convert(sender(message), format, bytes, len, FABSTIR_FORMAT_JSON, &out) ==
              status_of(text_in(message, "code")));
        free(bytes);
    }
}

static void sizes(const json_t *list) {
    size_t i;
    json_t *recipe;
    json_array_foreach((json_t *)list, i, recipe) {
        size_t len = (size_t)json_integer_value(json_object_get(recipe, "bytes"));
        const char *prefix = text_in(recipe, "prefix"), *suffix = text_in(recipe, "suffix");
        uint8_t *bytes = malloc(len);
        fabstir_bytes out = {NULL, 0};
        const char *code = text_in(recipe, "code");
        CHECK(bytes != NULL);
        memset(bytes, text_in(recipe, "fill")[0], len);
        memcpy(bytes, prefix, strlen(prefix));
        memcpy(bytes + len - strlen(suffix), suffix, strlen(suffix));
        CHECK(fabstir_wire_convert(FABSTIR_SENDER_CLIENT, FABSTIR_FORMAT_JSON, bytes, len, FABSTIR_FORMAT_JSON, &out) ==
              (code == NULL ? FABSTIR_STATUS_OK : status_of(code)));
        fabstir_bytes_free(&out);
        free(bytes);
    }
}

static void records(const json_t *list) {
    size_t i;
    json_t *record;
    json_array_foreach((json_t *)list, i, record) {
        char *json = json_dumps(json_object_get(record, "record"), 0);
        const char *hex = text_in(record, "cbor");
        size_t len = (strlen(hex) - 2) / 2;
        uint8_t *cbor = malloc(len);
        fabstir_hash id, expected = hash_of(text_in(record, "blake3"));
        fabstir_bytes stored;
        CHECK(json != NULL && cbor != NULL && bytes_of(hex, cbor, len) == len);
        OK(fabstir_record_encode(TEXT(json), &id, &stored));
        SAME(id, expected);
        CHECK(stored.len == len && memcmp(stored.data, cbor, len) == 0);
        fabstir_bytes_free(&stored);
        OK(fabstir_record_encode(TEXT(json), NULL, NULL));
        free(cbor);
        free(json);
    }
}

/* The logits of a case, listed or by the recipe of vectors/README.md. Returns how many. */
static size_t logits(const json_t *item, float *values, size_t capacity) {
    const json_t *list = json_object_get(item, "logits"), *recipe = json_object_get(item, "generate");
    size_t count = list ? json_array_size(list) : (size_t)json_integer_value(json_object_get(recipe, "count"));
    CHECK(count <= capacity);
    if (list != NULL) {
        for (size_t i = 0; i < count; i++) {
            uint8_t bits[4];
            CHECK(bytes_of(json_string_value(json_array_get(list, i)), bits, sizeof bits) == sizeof bits);
            uint32_t word = (uint32_t)bits[0] << 24 | (uint32_t)bits[1] << 16 | (uint32_t)bits[2] << 8 | bits[3];
            memcpy(&values[i], &word, sizeof word);
        }
        return count;
    }
    uint64_t state = decimal(text_in(recipe, "seed"));
    int bits = (int)json_integer_value(json_object_get(recipe, "bits"));
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values[i] = (float)(((double)(state >> (64 - bits)) - ldexp(1, bits - 1)) / ldexp(1, bits - 4));
    }
    return count;
}

static void samples(const json_t *list) {
    static float values[1 << 18];
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item) {
        size_t count = logits(item, values, sizeof values / sizeof values[0]);
        const json_t *given = json_object_get(item, "sampling"), *token = json_object_get(item, "token");
        fabstir_sampling sampling = {
            (uint32_t)json_integer_value(json_object_get(given, "temperature")),
            (uint32_t)json_integer_value(json_object_get(given, "top_k")),
            (uint32_t)json_integer_value(json_object_get(given, "top_p")),
            (uint32_t)json_integer_value(json_object_get(given, "min_p")),
        };
        fabstir_hash seed = hash_of(text_in(item, "turn_seed"));
        uint64_t position = decimal(text_in(item, "position"));
        uint32_t found = UINT32_MAX;
        fabstir_status status = fabstir_sample(values, count, &sampling, &seed, position, &found);
        if (token != NULL) {
            CHECK(status == FABSTIR_STATUS_OK && found == (uint32_t)json_integer_value(token));
        } else {
            CHECK(status == status_of(text_in(item, "error")) && found == UINT32_MAX);
        }
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    json_t *wire = open_vectors(argv[1], "wire"), *cbor = open_vectors(argv[1], "cbor");
    json_t *sampling = open_vectors(argv[1], "sampling");
    messages(json_object_get(wire, "messages"));
    refused(json_object_get(wire, "refused"));
    sizes(json_object_get(wire, "sizes"));
    records(json_object_get(cbor, "turn_records"));
    samples(json_object_get(sampling, "cases"));
    json_decref(wire);
    json_decref(cbor);
    json_decref(sampling);
    return done("vectors_wire");
}
