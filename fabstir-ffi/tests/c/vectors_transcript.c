/* vectors/transcript.json: model ids, profiles, salts, leaves, trees, heads, seed chains. */
#include "vectors.h"

#define MOST 4096

static fabstir_hash hash_in(const json_t *object, const char *field) {
    return hash_of(json_string_value(json_object_get(object, field)));
}

static uint64_t decimal_in(const json_t *object, const char *field) {
    return decimal(json_string_value(json_object_get(object, field)));
}

static size_t tokens_in(const json_t *list, uint32_t *tokens) {
    CHECK(json_array_size(list) <= MOST);
    for (size_t i = 0; i < json_array_size(list); i++) {
        tokens[i] = (uint32_t)json_integer_value(json_array_get(list, i));
    }
    return json_array_size(list);
}

static void models(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_hash id, blake3 = hash(at, "blake3"), expected = hash(at, "model_id");
        OK(fabstir_model_id(&blake3, number(at, "size"), &id));
        SAME(id, expected);
    }
}

static void profiles(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_hash found, expected = hash(at, "hash");
        fabstir_profile profile;
        memset(&profile, 0, sizeof profile);
        profile.model_id = hash(at, "model_id");
        profile.kv_type_k = (uint8_t)number(at, "kv_type_k");
        profile.kv_type_v = (uint8_t)number(at, "kv_type_v");
        profile.flash_attention = json_is_true(value(at, "flash_attention"));
        profile.context_length = (uint32_t)number(at, "context_length");
        profile.vocabulary = (uint32_t)number(at, "vocabulary");
        profile.runtime = hash(at, "runtime");
        profile.sampler = hash(at, "sampler");
        OK(fabstir_profile_hash(&profile, &found));
        SAME(found, expected);
        profile.flash_attention = 2;
        REFUSED(fabstir_profile_hash(&profile, &found), INVALID_VALUE);
    }
}

static void salts(const json_t *group) {
    for (row at = {group, 0}; at.index < rows(group); at.index++) {
        fabstir_hash found, id = id_of(string(at, "session_id")), profile = hash(at, "profile"), expected = hash(at, "salt");
        OK(fabstir_session_salt(&id, &profile, &found));
        SAME(found, expected);
    }
}

static void seeds(const json_t *chains, const json_t *turns) {
    size_t i, k;
    json_t *chain, *link;
    json_array_foreach((json_t *)chains, i, chain) {
        fabstir_hash root = hash_in(chain, "root");
        json_array_foreach(json_object_get(chain, "links"), k, link) {
            fabstir_hash found, expected = hash_in(link, "link");
            uint32_t length = (uint32_t)json_integer_value(json_object_get(chain, "length"));
            OK(fabstir_seed_link(&root, length, (uint32_t)json_integer_value(json_object_get(link, "k")), &found));
            SAME(found, expected);
            REFUSED(fabstir_seed_link(&root, length, length + 1, &found), INVALID_VALUE);
        }
    }
    for (row at = {turns, 0}; at.index < rows(turns); at.index++) {
        fabstir_hash found, nonce = hash(at, "nonce"), host = hash(at, "host_seed"), expected = hash(at, "turn_seed");
        OK(fabstir_turn_seed(&nonce, &host, &found));
        SAME(found, expected);
    }
}

static void token_lists(const json_t *lists) {
    static uint32_t tokens[MOST];
    size_t i;
    json_t *list;
    json_array_foreach((json_t *)lists, i, list) {
        fabstir_hash found, expected = hash_in(list, "tokens");
        size_t count = tokens_in(json_object_get(list, "ids"), tokens);
        OK(fabstir_tokens_digest(count ? tokens : NULL, count, &found));
        SAME(found, expected);
    }
}

/* What a checkpoint must give: each leaf, the tree over them, and the head. */
static void check_leaves(const json_t *expect, const fabstir_leaf *leaves, size_t count, const fabstir_hash *root) {
    fabstir_hash found, context = {{0}};
    size_t i;
    json_t *leaf;
    CHECK(json_array_size(json_object_get(expect, "leaves")) == count);
    json_array_foreach(json_object_get(expect, "leaves"), i, leaf) {
        fabstir_hash expected = hash_in(leaf, "hash");
        CHECK(leaves[i].index == decimal_in(leaf, "index") && leaves[i].position == decimal_in(leaf, "position"));
        CHECK(leaves[i].kind == json_integer_value(json_object_get(leaf, "kind")));
        OK(fabstir_leaf_hash(&leaves[i], &found));
        SAME(found, expected);
        expected = hash_in(leaf, "blind");
        SAME(leaves[i].blind, expected);
        expected = hash_in(leaf, "context");
        SAME(leaves[i].context, expected);
        if (i > 0) {
            SAME(leaves[i].context, context);
        }
        OK(fabstir_context_after(&leaves[i].context, leaves[i].kind, leaves[i].count, &leaves[i].tokens, &context));
    }
    OK(fabstir_leaves_root(leaves, count, &found));
    SAME(found, *root);
}

static void checkpoint(fabstir_transcript *transcript, const json_t *op) {
    static fabstir_leaf leaves[MOST];
    static fabstir_hash prints[MOST];
    const json_t *expect = json_object_get(op, "expect"), *given = json_object_get(op, "fingerprints");
    fabstir_hash head = hash_in(expect, "head"), root = hash_in(expect, "root"), context = hash_in(expect, "context");
    fabstir_checkpoint_root closed;
    fabstir_transcript_standing before, after;
    size_t count = json_array_size(given), leaf_count = 0;
    for (size_t i = 0; i < count; i++) {
        prints[i] = hash_of(json_string_value(json_array_get(given, i)));
    }
    OK(fabstir_transcript_state(transcript, &before));
    /* Refused for want of room, or for too many fingerprints, it changes nothing. */
    if (json_array_size(json_object_get(expect, "leaves")) > 0) {
        REFUSED(fabstir_transcript_checkpoint(transcript, prints, count, leaves, 0, &leaf_count, &closed),
                BUFFER_TOO_SMALL);
    }
    REFUSED(fabstir_transcript_checkpoint(transcript, prints, before.sampled_leaves + 1, leaves, MOST, NULL, &closed),
            INVALID_VALUE);
    OK(fabstir_transcript_state(transcript, &after));
    SAME(before, after);
    OK(fabstir_transcript_checkpoint(transcript, prints, count, leaves, MOST, &leaf_count, &closed));
    SAME(closed.head, head);
    SAME(closed.root, root);
    SAME(closed.context, context);
    CHECK(closed.sequence == decimal_in(expect, "sequence"));
    CHECK(closed.usage.input == decimal_in(expect, "input_tokens"));
    CHECK(closed.usage.output == decimal_in(expect, "output_tokens"));
    check_leaves(expect, leaves, leaf_count, &root);
}

static void play(fabstir_transcript *transcript, const json_t *op) {
    static uint32_t tokens[MOST];
    const char *name = json_string_value(json_object_get(op, "op"));
    size_t count = tokens_in(json_object_get(op, "tokens"), tokens);
    uint64_t turn = 0;
    if (strcmp(name, "begin_turn") == 0) {
        OK(fabstir_transcript_begin_turn(transcript, &turn));
        CHECK(turn == decimal_in(json_object_get(op, "expect"), "turn"));
    } else if (strcmp(name, "feed") == 0) {
        fabstir_hash print = hash_in(op, "fingerprint");
        OK(fabstir_transcript_feed(transcript, tokens, count, &print));
    } else if (strcmp(name, "sample") == 0) {
        for (size_t i = 0; i < count; i++) {
            OK(fabstir_transcript_sample(transcript, tokens[i]));
        }
    } else if (strcmp(name, "reread") == 0) {
        OK(fabstir_transcript_reread(transcript, tokens, count));
    } else if (strcmp(name, "edit") == 0) {
        OK(fabstir_transcript_edit(transcript, decimal_in(op, "a"), decimal_in(op, "b")));
    } else {
        CHECK(strcmp(name, "checkpoint") == 0);
        checkpoint(transcript, op);
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    json_t *file = open_vectors(argv[1], "transcript"), *history, *op;
    size_t i, k;
    models(json_object_get(file, "models"));
    profiles(json_object_get(file, "profiles"));
    salts(json_object_get(file, "salts"));
    seeds(json_object_get(file, "seed_chains"), json_object_get(file, "turn_seeds"));
    token_lists(json_object_get(file, "token_lists"));
    json_array_foreach(json_object_get(file, "histories"), i, history) {
        fabstir_hash id = id_of(json_string_value(json_object_get(history, "session_id")));
        fabstir_hash profile = hash_in(history, "profile"), secret = hash_in(history, "secret");
        fabstir_transcript *transcript = NULL;
        OK(fabstir_transcript_new(&id, &profile, &secret, &transcript));
        json_array_foreach(json_object_get(history, "ops"), k, op) {
            play(transcript, op);
        }
        fabstir_transcript_free(transcript);
    }
    json_decref(file);
    return done("vectors_transcript");
}
